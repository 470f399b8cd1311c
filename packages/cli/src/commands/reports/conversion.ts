import type { Command } from "commander";
import { runningReports } from "../../client/find-platform.ts";
import { findOffline } from "../../client/offline-reports.ts";
import type { Conversion } from "@tributary/reports/answers";
import { ReportsClient } from "../../client/reports-client.ts";
import { EXIT } from "../../errors.ts";
import { httpUrl, instant } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderConversion } from "../../report/conversion-view.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { addDataOption } from "../../options/data.ts";

interface ConversionFlags {
  readonly asOf?: string;
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
}

export function conversionCommand(command: Command, context: CommandContext): void {
  command
    .argument("<id>", "event ID of the conversion, or its order ID")
    .option("--as-of <time>", "what was known then, without later corrections", instant)
    .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
    .option("--key <key>", "read key (default: TRIBUTARY_READ_KEY)")
    .option("--json", "print it as one JSON object, values exact");
  addDataOption(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary conversion order-1001
  tributary conversion order-1001 --as-of 2026-11-01T09:00:00+01:00
  tributary conversion order-1001 --json | jq .revisions

Where no platform runs on the data folder, it is read from the folder itself.`,
    )
    .action(async (id: string, flags: ConversionFlags) => run(id, flags, context));
}

async function run(id: string, flags: ConversionFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
  try {
    const conversion = await find(id, flags, context, interrupt.signal);
    const { jaegerUiUrl } = context.config();
    terminal.print(
      flags.json === true ? JSON.stringify(conversion) : renderConversion(conversion, jaegerUiUrl),
    );
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

async function find(
  id: string,
  flags: ConversionFlags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Conversion> {
  const url = flags.url ?? (await runningReports(flags.data));
  if (url === undefined) return findOffline(flags.data, id, flags.asOf);
  const { key = context.config().readKey } = flags;
  return new ReportsClient(url, key, signal).conversion(id, flags.asOf);
}
