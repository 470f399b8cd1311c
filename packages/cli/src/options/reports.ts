/** Options and client of the commands that ask the reports. */
import { type Command, Option } from "commander";
import { requireReportsUrl, runningReports } from "../client/find-platform.ts";
import { ReportsClient } from "../client/reports-client.ts";
import type { CommandContext } from "../context.ts";
import { interruptible } from "../interaction/interruptible.ts";
import { addDataOption } from "./data-folder.ts";
import { httpUrl, instant } from "./parsers.ts";

/** Names the reports service, or the data folder. */
export interface ReportsAddress {
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
}

export interface ReportsFlags extends ReportsAddress {
  readonly json?: true;
}

/** Describes the read key where a tenant has to be named. */
export const TENANT_READ_KEY = "read key, which names the tenant (default: TRIBUTARY_READ_KEY)";

/** `--url`, `--key` and `--data`. @param key describes the key */
export function addReportsAddress(
  command: Command,
  key = "read key (default: TRIBUTARY_READ_KEY)",
): Command {
  return addDataOption(
    command
      .option(
        "--url <url>",
        "reports service to ask (default: that of the platform on --data)",
        httpUrl,
      )
      .option("--key <key>", key),
  );
}

/** `--url`, `--key`, `--data` and `--json`. @param key describes the key */
export function addReportsOptions(command: Command, key?: string): Command {
  return addReportsAddress(command, key).option("--json", "print the answer as one JSON object");
}

/** `--from`, `--to` and {@link addStateOptions}. @param what whose times they are */
export function addRangeOptions(command: Command, what: string): Command {
  return addStateOptions(
    command
      .option(
        "--from <time>",
        `${what} from this time on: 2026-10-01, 2026-10-01T12:00, or with an offset`,
        instant,
      )
      .option("--to <time>", `${what} before this time; a day alone is not included`, instant),
  );
}

/** `--as-of` and `--time-zone`. */
export function addStateOptions(command: Command): Command {
  return addZoneOption(
    command.option("--as-of <time>", "the state at this time, without later corrections", instant),
  );
}

/** `--time-zone`. */
export function addZoneOption(command: Command): Command {
  return command.option(
    "--time-zone <name>",
    "zone of days and of times without an offset: Europe/Berlin (default: the tenant's, or UTC)",
  );
}

/** `--json`, `--csv` and `--parquet`, of which one can be given. */
export function addFormatOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--json", "print the report as one JSON object, values exact").conflicts("csv"),
    )
    .option("--csv", "print the report's rows as CSV, values exact")
    .addOption(
      new Option(
        "--parquet <file>",
        "write the report's rows to a Parquet file, values exact",
      ).conflicts(["json", "csv"]),
    );
}

/** `--svg`, for reports that have a plot. */
export function addPlotOption(command: Command): Command {
  return command.addOption(
    new Option("--svg <file>", "draw the report as an SVG picture").conflicts([
      "json",
      "csv",
      "parquet",
    ]),
  );
}

/** A client of the given reports, else of the running platform's; undefined where the data folder has to answer. */
export async function clientOf(
  { url: given, key, data }: ReportsAddress,
  context: CommandContext,
  signal: AbortSignal,
): Promise<ReportsClient | undefined> {
  const url = given ?? (await runningReports(data));
  if (url === undefined) return undefined;
  return new ReportsClient(url, key ?? context.config().readKey, signal);
}

/**
 * Asks the reports, and prints the text that `work` returns.
 * @param keyOf names the key of the environment, where none is given @throws CliError `no_platform`, or as `work`
 */
export async function onReports(
  flags: ReportsFlags,
  context: CommandContext,
  keyOf: "readKey" | "importKey" | "eraseKey",
  work: (reports: ReportsClient, signal: AbortSignal) => Promise<string>,
): Promise<void> {
  const url = await requireReportsUrl(flags.url, flags.data);
  await interruptible(context, async (signal) => {
    const key = flags.key ?? context.config()[keyOf];
    context.terminal.print(await work(new ReportsClient(url, key, signal), signal));
  });
}
