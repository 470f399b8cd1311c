import type { Command } from "commander";
import { requireReportsUrl } from "../client/find-platform.ts";
import type { Lag } from "../client/report-types.ts";
import { ReportsClient } from "../client/reports-client.ts";
import { EXIT } from "../errors.ts";
import { httpUrl } from "../options.ts";
import type { CommandContext } from "../program.ts";
import { renderLag } from "../report/lag-table.ts";
import { pause, takeInterrupts } from "../terminal/interrupt.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { addDataOption } from "./platform-options.ts";

interface LagFlags {
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
  readonly watch?: true;
}

const WATCH_INTERVAL_MS = 1000;
/** Clears the screen and goes to its first place (ECMA-48). */
const CLEAR = "\u001b[2J\u001b[H";

export function lagCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("lag")
    .description("what still waits to be attributed and loaded, partition by partition")
    .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
    .option("--key <key>", "read key (default: TRIBUTARY_READ_KEY)")
    .option("--json", "print it as one JSON object; with --watch, one a line each second")
    .option("--watch", "again each second until Ctrl-C");
  addDataOption(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary lag
  tributary lag --watch
  tributary lag --json | jq .total`,
    )
    .action(async (flags: LagFlags) => run(flags, context));
}

async function run(flags: LagFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { key = context.config().readKey } = flags;
  const interrupt = takeInterrupts();
  try {
    const reports = new ReportsClient(
      requireReportsUrl(flags.url, flags.data),
      key,
      interrupt.signal,
    );
    do {
      show(await reports.lag(), flags, terminal);
      if (flags.watch === true) await pause(WATCH_INTERVAL_MS, interrupt.signal);
    } while (flags.watch === true && !interrupt.signal.aborted);
    if (interrupt.signal.aborted) context.exit(EXIT.interrupted);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

function show(lag: Lag, flags: LagFlags, terminal: Terminal): void {
  if (flags.json === true) {
    terminal.print(JSON.stringify(lag));
    return;
  }
  const clear = flags.watch === true && terminal.answerInteractive ? CLEAR : "";
  terminal.print(clear + renderLag(lag));
}
