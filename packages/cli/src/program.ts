import { Command, CommanderError } from "commander";
import { accuracyCommand } from "./commands/measure/accuracy.ts";
import { auditCommand } from "./commands/reports/audit.ts";
import { benchCommand } from "./commands/measure/bench.ts";
import { booksCommand } from "./commands/operate/books.ts";
import { chaosCommand } from "./commands/measure/chaos.ts";
import { conversionCommand } from "./commands/reports/conversion.ts";
import { deadLettersCommand } from "./commands/operate/dead-letters.ts";
import { erasureCommands } from "./commands/data/erasures.ts";
import { exportCommand } from "./commands/data/export.ts";
import { groupsCommand } from "./commands/operate/groups.ts";
import { importCommands } from "./commands/data/imports.ts";
import { journeyReportCommands } from "./commands/reports/journey-reports.ts";
import { keysCommand } from "./commands/operate/keys.ts";
import { lagCommand } from "./commands/operate/lag.ts";
import { replayCommand } from "./commands/data/replay.ts";
import { reportCommand } from "./commands/reports/report.ts";
import { startCommand } from "./commands/run/start.ts";
import { tenantsCommand } from "./commands/operate/tenants.ts";
import { upCommand } from "./commands/run/up.ts";
import { webhooksCommand } from "./commands/operate/webhooks.ts";
import type { CliConfig } from "./config.ts";
import { EXIT, exitCodeOf } from "./errors.ts";
import { OperationalError } from "@tributary/platform/errors";
import type { Terminal } from "./terminal/terminal.ts";

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Read when a command runs: `--help` works whatever the environment holds. */
  readonly config: () => CliConfig;
  /** Sets the exit code of a command that does not fail. */
  readonly exit: (code: number) => void;
}

/**
 * Runs one command line. Never throws for an expected failure: that is a sentence on standard error.
 * @returns the exit code: 0 done, 1 failed, 2 bad usage, 130 after Ctrl-C
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  config: () => CliConfig,
): Promise<number> {
  let code: number = EXIT.ok;
  const program = createProgram({
    terminal,
    config,
    exit: (value) => {
      code = value;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof OperationalError) {
      terminal.note(`error: ${error.message}`);
      return exitCodeOf(error);
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.note(`This is a defect in tributary; please report it with the lines below.\n${text}`);
    return EXIT.failed;
  }
}

const COMMANDS = [
  startCommand,
  upCommand,
  replayCommand,
  reportCommand,
  conversionCommand,
  journeyReportCommands,
  importCommands,
  exportCommand,
  tenantsCommand,
  keysCommand,
  erasureCommands,
  lagCommand,
  groupsCommand,
  deadLettersCommand,
  webhooksCommand,
  booksCommand,
  auditCommand,
  benchCommand,
  chaosCommand,
  accuracyCommand,
];

function createProgram(context: CommandContext): Command {
  const program = new Command("tributary")
    .description(
      "Multi-touch attribution over Redis Streams: which channel earned how much of each conversion.",
    )
    .version("0.1.0", "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .showHelpAfterError("(run with --help to see what is possible)")
    .showSuggestionAfterError()
    .configureHelp({ helpWidth: Math.min(terminalWidth(context.terminal), 110) })
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  tributary start                       run the platform, play the bundled sample, show its attribution
  tributary up --workers 2              run the platform until Ctrl-C
  tributary replay events.csv           send a file's events and wait until all is attributed
  tributary report --model all          what each channel earned, under every model
  tributary conversion order-1001       one conversion's path, and why its numbers changed
  tributary lag --watch                 what still waits, partition by partition
  tributary bench                       events a second, latency and cost on this machine
  tributary chaos --seed 1              faults against a platform of its own, judged by an oracle

Exit codes: 0 done, 1 failed, 2 bad usage, 130 stopped by Ctrl-C.`,
    );
  for (const add of COMMANDS) {
    // Subcommands made through program.command() inherit the settings above.
    add(program, context);
  }
  return program;
}

function terminalWidth(terminal: Terminal): number {
  return Math.max(terminal.columns, 80);
}
