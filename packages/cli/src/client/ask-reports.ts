/** What commands have in common that ask the reports for something and print the answer. */
import type { Command } from "commander";
import { requireReportsUrl } from "./find-platform.ts";
import { ReportsClient } from "./reports-client.ts";
import { EXIT } from "../errors.ts";
import { httpUrl } from "../options/parsers.ts";
import type { CommandContext } from "../context.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { addDataOption } from "../options/data.ts";

export interface ReportsFlags {
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
}

/** `--url`, `--key`, `--json` and `--data`. @param key how the key is described */
export function addReportsOptions(
  command: Command,
  key = "read key (default: TRIBUTARY_READ_KEY)",
): Command {
  return addDataOption(
    command
      .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
      .option("--key <key>", key)
      .option("--json", "print the answer as one JSON object"),
  );
}

/**
 * Does something with the reports, and prints what it gives.
 * @param keyOf which key of the environment is taken where none is given @throws CliError `no_platform`, or as `work`
 */
export async function onReports(
  flags: ReportsFlags,
  context: CommandContext,
  keyOf: "readKey" | "eraseKey",
  work: (reports: ReportsClient, signal: AbortSignal) => Promise<string>,
): Promise<void> {
  const url = await requireReportsUrl(flags.url, flags.data);
  const interrupt = takeInterrupts();
  try {
    const key = flags.key ?? context.config()[keyOf];
    const reports = new ReportsClient(url, key, interrupt.signal);
    context.terminal.print(await work(reports, interrupt.signal));
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}
