/** What the commands that ask for a report have in common. */
import { Option } from "commander";
import { runningReports } from "../client/find-platform.ts";
import { ReportsClient } from "../client/reports-client.ts";
import type { CommandContext } from "../context.ts";

/** Where the report is asked for. */
interface Where {
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
}

/** Of the platform that runs; undefined where the data folder has to answer. @throws CliError `no_platform` */
export async function clientOf(
  { url: told, key, data }: Where,
  context: CommandContext,
  signal: AbortSignal,
): Promise<ReportsClient | undefined> {
  const url = told ?? (await runningReports(data));
  if (url === undefined) return undefined;
  return new ReportsClient(url, key ?? context.config().readKey, signal);
}

/** Rows as a file, for what reads no text. */
export function parquetOption(): Option {
  return new Option(
    "--parquet <file>",
    "write the report's rows to a Parquet file, values exact",
  ).conflicts(["json", "csv"]);
}
