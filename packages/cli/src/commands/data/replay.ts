import { type Command, InvalidArgumentError, Option } from "commander";
import { reportsUrlOf, runningPlatform, type PlatformAddress } from "../../client/find-platform.ts";
import { CliError, EXIT } from "../../errors.ts";
import { httpUrl, integer } from "../../options/parsers.ts";
import { startPlatform, type Platform } from "@tributary/platform";
import type { CommandContext } from "../../program.ts";
import { parseFieldMap, type FieldMap } from "../../replay/sources/field-map.ts";
import { contentSize, keepInput } from "../../replay/sources/file-content.ts";
import { detectFormat, FORMATS, type Format } from "../../replay/formats.ts";
import type { Rejections } from "../../replay/rejections.ts";
import {
  replayFile,
  tryFile,
  type FileSummary,
  type ReplayRequest,
  type ReplaySummary,
} from "../../replay/run.ts";
import { takeInterrupts, type Interrupt } from "@tributary/platform/client";
import type { Terminal } from "../../terminal/terminal.ts";
import { addDataOption } from "../../options/platform.ts";
import { stopSignal } from "../../platform/stop-signal.ts";

interface ReplayFlags {
  readonly url?: string;
  readonly reportsUrl?: string;
  readonly format?: Format;
  readonly map?: FieldMap;
  readonly key?: string;
  readonly readKey?: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly shuffle?: number;
  readonly currency: string;
  readonly data: string;
  readonly limit?: number;
  readonly timeout?: number;
  readonly rejects?: string;
  readonly dryRun?: true;
  readonly timeFormat?: string;
  readonly timeZone?: string;
  readonly json?: true;
}

export function replayCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("replay")
    .description("send the events of a file through the gateway, and wait until all is attributed")
    .argument(
      "<file>",
      "CSV with a header row, NDJSON, msgpack, or aggregated paths, also as .gz or .zst; - for standard input",
    )
    .option(
      "--url <url>",
      "gateway to send to (default: of the platform on --data, else one is started)",
      httpUrl,
    )
    .option("--reports-url <url>", "reports to wait for (default: of the same platform)", httpUrl)
    .addOption(
      new Option("--format <format>", "of the file (default: by its name and header)").choices(
        FORMATS,
      ),
    )
    .option(
      "--map <map>",
      "where the event's fields are: field=column or field=@constant, by commas",
      parseFieldMap,
    )
    .option("--key <key>", "write key (default: TRIBUTARY_KEY)")
    .option("--read-key <key>", "read key of the reports (default: TRIBUTARY_READ_KEY)")
    .option("--batch <n>", "events of a request", integer(1, 10_000), 500)
    .option("--concurrency <n>", "requests at a time", integer(1, 64), 4)
    .option(
      "--shuffle <seed>",
      "send the events in an order that this number decides; holds all in memory",
      integer(0, 4_294_967_295),
    )
    .option("--currency <code>", "ISO 4217, of the values of aggregated paths", currencyCode, "USD")
    .option("--limit <n>", "send this many events at most", integer(1, Number.MAX_SAFE_INTEGER))
    .option(
      "--timeout <seconds>",
      "give up after this long (default: never)",
      integer(1, 31_536_000),
    )
    .option("--time-format <format>", "of the times: s, ms, us, or tokens such as dd.MM.yyyy HH:mm")
    .option("--time-zone <zone>", "of times that do not say theirs (default: UTC)")
    .option("--dry-run", "judge every event as the gateway would, and send nothing")
    .option("--rejects <file>", "write what was refused there, a JSON object a line")
    .option("--json", "print the summary as one JSON object");
  addDataOption(command)
    .addHelpText("after", HELP)
    .action(async (file: string, flags: ReplayFlags) => run(file, flags, context));
}

const HELP = `
Formats:
  csv      columns named as the event's fields (user, anonymous and order for userId, anonymousId, orderId),
           or as --map says; times in ms or s since 1970, or ISO 8601, or as --time-format says
  ndjson   an event a line
  msgpack  events one after the other, or batches of them
  paths    path,total_conversions,total_conversion_value,total_null with channels separated by " > ", as
           ChannelAttribution has them: every counted journey is sent, with its share of the value

Examples:
  tributary replay events.csv
  tributary replay visits.csv --map user=customer_id,time=ts,type=@click,channel=utm_channel
  tributary replay old.csv.gz --time-format "dd.MM.yyyy HH:mm" --time-zone Europe/Berlin --dry-run
  tributary replay paths.csv --currency EUR --shuffle 7
  tributary replay events.ndjson --url http://127.0.0.1:8080 --key secret --json

Events without an ID get one made of the file's content and the line: the same file sent twice is counted once.`;

async function run(file: string, flags: ReplayFlags, context: CommandContext): Promise<void> {
  if (file !== "-") return replay(file, file, flags, context);
  if (flags.format === undefined) {
    throw new CliError(
      "usage",
      `standard input has no name: give --format, ${FORMATS.join(" or ")}`,
    );
  }
  const kept = await keepInput(process.stdin);
  try {
    await replay(kept.path, "standard input", flags, context);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(error.code, error.message.replaceAll(kept.path, "standard input"));
  } finally {
    await kept.remove();
  }
}

async function replay(
  file: string,
  fileName: string,
  flags: ReplayFlags,
  context: CommandContext,
): Promise<void> {
  const fileBytes = await contentSize(file);
  const format = flags.format ?? (await detectFormat(file));
  const { key = context.config().key, readKey = context.config().readKey } = flags;
  const request: ReplayRequest = {
    ...flags,
    file,
    fileName,
    fileBytes,
    format,
    map: flags.map,
    times: { format: flags.timeFormat, zone: flags.timeZone },
    limit: flags.limit,
    shuffleSeed: flags.shuffle,
    key,
    readKey,
    rejectsPath: flags.rejects,
    deadlineMs: flags.timeout === undefined ? undefined : Date.now() + flags.timeout * 1000,
  };
  if (flags.dryRun === true) return dryRun(request, flags.json === true, context);
  const interrupt = takeInterrupts();
  let started: Platform | undefined;
  try {
    const running = runningPlatform(flags.data);
    let address = addressOf(flags, running);
    if (address === undefined) {
      started = await startOwn(flags, context, interrupt);
      address = started;
    }
    const { summary, rejections } = await replayFile(
      request,
      address,
      context.terminal,
      started === undefined ? interrupt.signal : stopSignal(started, interrupt),
    );
    printSummary(summary, rejections, flags.json === true, context.terminal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.terminal.note(
      "\nstopped. Run the same command again to go on: the events keep their IDs, so nothing is counted twice.",
    );
    context.exit(EXIT.interrupted);
  } finally {
    if (started !== undefined) await started.stop();
    interrupt.dispose();
  }
}

/** Nothing is changed anywhere: exit code 1 says that something would be refused. */
async function dryRun(
  request: ReplayRequest,
  json: boolean,
  { terminal, config, exit }: CommandContext,
): Promise<void> {
  const { summary, rejections } = await tryFile(request, config().environment, terminal);
  if (json) terminal.print(JSON.stringify({ ...summary, dryRun: true }));
  else printFile(summary, rejections, terminal);
  if (summary.refused > 0) exit(EXIT.failed);
}

function printFile(summary: FileSummary, rejections: Rejections, terminal: Terminal): void {
  const count = (value: number): string => value.toLocaleString("en-US");
  terminal.print(
    `${summary.file}: ${count(summary.read)} read, ${count(summary.accepted)} would be accepted, ${count(summary.refused)} refused; nothing was sent`,
  );
  if (summary.refused > 0) terminal.print(rejections.describe());
}

function addressOf(
  flags: ReplayFlags,
  running: PlatformAddress | undefined,
): PlatformAddress | undefined {
  const gatewayUrl = flags.url ?? running?.gatewayUrl;
  if (gatewayUrl === undefined) return undefined;
  return { gatewayUrl, reportsUrl: reportsUrlOf(gatewayUrl, flags.reportsUrl, running) };
}

async function startOwn(
  flags: ReplayFlags,
  { terminal, config }: CommandContext,
  interrupt: Interrupt,
): Promise<Platform> {
  terminal.note(`no platform runs on ${flags.data}: starting one for this file`);
  const { redisUrl, environment } = config();
  const platform = await startPlatform({
    dataDir: flags.data,
    redisUrl,
    environment,
    signal: interrupt.signal,
    note: (line) => terminal.note(line),
  });
  interrupt.onSecond(() => platform.kill());
  return platform;
}

function printSummary(
  summary: ReplaySummary,
  rejections: Rejections,
  json: boolean,
  terminal: Terminal,
): void {
  if (json) {
    terminal.print(JSON.stringify(summary));
    return;
  }
  const { read, sent, accepted, refused, platform, sendSeconds, settleSeconds } = summary;
  const count = (value: number): string => value.toLocaleString("en-US");
  terminal.print(
    `${summary.file}: ${count(read)} read, ${count(sent)} sent, ${count(accepted)} accepted, ${count(refused)} refused, in ${sendSeconds} s; attributed ${settleSeconds} s later`,
  );
  if (refused > 0) terminal.print(rejections.describe());
  terminal.print(
    `The platform now has ${count(platform.conversions)} conversions: ${count(platform.attributed)} attributed, ${count(platform.unattributed)} without a touchpoint.`,
  );
}

function currencyCode(text: string): string {
  const code = text.toUpperCase();
  if (!Intl.supportedValuesOf("currency").includes(code)) {
    throw new InvalidArgumentError("Expected an ISO 4217 code such as EUR.");
  }
  return code;
}
