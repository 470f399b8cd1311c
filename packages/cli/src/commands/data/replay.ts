import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../../context.ts";
import { addDataOption } from "../../options/data-folder.ts";
import { httpUrl, integer } from "../../options/parsers.ts";
import { FORMATS } from "../../replay/formats.ts";
import type { ReplayFlags } from "../../replay/replay.ts";
import { parseFieldMap } from "../../replay/sources/field-map.ts";

export function replayCommand(command: Command, context: CommandContext): void {
  command
    .argument(
      "<file>",
      "CSV with a header row, NDJSON, msgpack, or aggregated paths, also compressed (.gz, .zst); - is standard input",
    )
    .option(
      "--url <url>",
      "gateway to send to (default: that of the platform on --data, which is started if none runs)",
      httpUrl,
    )
    .option(
      "--reports-url <url>",
      "reports to wait for (default: those of the same platform)",
      httpUrl,
    )
    .addOption(
      new Option(
        "--format <format>",
        "format of the file (default: by its name and header)",
      ).choices(FORMATS),
    )
    .option(
      "--map <map>",
      "columns of the event's fields: field=column or field=@constant, separated by commas",
      parseFieldMap,
    )
    .option("--key <key>", "write key (default: TRIBUTARY_KEY)")
    .option("--read-key <key>", "read key of the reports (default: TRIBUTARY_READ_KEY)")
    .option("--batch <n>", "events per request", integer(1, 10_000), 500)
    .option("--concurrency <n>", "concurrent requests", integer(1, 64), 4)
    .option(
      "--shuffle <seed>",
      "send the events in an order that the seed decides; holds all of them in memory",
      integer(0, 4_294_967_295),
    )
    .option(
      "--currency <code>",
      "currency of the values of aggregated paths, ISO 4217",
      currencyCode,
      "USD",
    )
    .option("--limit <n>", "most events to send", integer(1, Number.MAX_SAFE_INTEGER))
    .option(
      "--timeout <seconds>",
      "give up after this long (default: never)",
      integer(1, 31_536_000),
    )
    .option(
      "--time-format <format>",
      "format of the times: s, ms, us, ns, or tokens such as dd.MM.yyyy HH:mm",
    )
    .option("--time-zone <zone>", "time zone of times without one (default: UTC)")
    .option("--dry-run", "check every event as the gateway would, and send nothing")
    .option("--rejects <file>", "file for the refused events: one JSON object per line")
    .option("--json", "print the summary as one JSON object");
  addDataOption(command)
    .addHelpText("after", HELP)
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import("../../replay/replay.ts");
      await replay(file, flags, context);
    });
}

const HELP = `
Formats:
  csv      columns named as the event's fields (user, anonymous and order for userId, anonymousId, orderId),
           or mapped with --map; times in ms or s since 1970, ISO 8601, or as in --time-format
  ndjson   one event per line
  msgpack  consecutive events, or batches of them
  paths    path,total_conversions,total_conversion_value,total_null with channels separated by " > " (the
           form of ChannelAttribution): sends every counted journey, with its share of the value

Examples:
  tributary replay events.csv
  tributary replay visits.csv --map user=customer_id,time=ts,type=@click,channel=utm_channel
  tributary replay old.csv.gz --time-format "dd.MM.yyyy HH:mm" --time-zone Europe/Berlin --dry-run
  tributary replay paths.csv --currency EUR --shuffle 7
  tributary replay events.ndjson --url http://127.0.0.1:8080 --key secret --json

An event without an ID gets one from the file's content and its line: the same file sent twice counts once.`;

function currencyCode(text: string): string {
  const code = text.toUpperCase();
  if (!Intl.supportedValuesOf("currency").includes(code)) {
    throw new InvalidArgumentError("Expected an ISO 4217 code such as EUR.");
  }
  return code;
}
