import { OperationalError } from "@tributary/platform/errors";
import { Command, CommanderError, Help } from "commander";
import { COMMANDS } from "./command-list.ts";
import type { CliConfig } from "./config.ts";
import type { CommandContext } from "./context.ts";
import { EXIT, exitCodeOf } from "./errors.ts";
import type { Terminal } from "./terminal/terminal.ts";

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
  const context: CommandContext = {
    terminal,
    config,
    exit: (value) => {
      code = value;
    },
  };
  try {
    const program = await createProgram(context, commandNamed(args));
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

/** The command that a line names: its first word, or the second where that is `help`. */
function commandNamed(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  return first === "help" ? second : first;
}

/** @param called the one command that is loaded; the others only have their line in the help */
async function createProgram(
  context: CommandContext,
  called: string | undefined,
): Promise<Command> {
  const terms = new Map<Command, string>();
  const help = new Help();
  const program = new Command("tributary")
    .description(
      "Multi-touch attribution over Redis Streams: which channel earned how much of each conversion.",
    )
    .version("0.1.0", "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .showHelpAfterError("(--help shows the usage)")
    .showSuggestionAfterError()
    .configureHelp({
      helpWidth: Math.min(terminalWidth(context.terminal), 110),
      subcommandTerm: (command) => terms.get(command) ?? help.subcommandTerm(command),
    })
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  tributary start                       run the platform, play the bundled sample and show its attribution
  tributary up --workers 2              run the platform until Ctrl-C
  tributary replay events.csv           send a file's events and wait until all are attributed
  tributary report --model all          each channel's conversions and value, under every model
  tributary conversion order-1001       one conversion's path, credits and revisions
  tributary lag --watch                 waiting entries of each partition, each second
  tributary bench                       throughput, latency and cost on this machine
  tributary chaos --seed 1              faults against a platform of its own, judged by an oracle

Exit codes: 0 done, 1 failed, 2 bad usage, 130 stopped by Ctrl-C.`,
    );
  for (const { name, usage, summary, load } of COMMANDS) {
    // Made through program.command(), it inherits the settings above.
    const command = program.command(name).description(summary);
    terms.set(command, `${name} ${usage}`.trimEnd());
    if (name === called) (await load())(command, context);
  }
  return program;
}

function terminalWidth(terminal: Terminal): number {
  return Math.max(terminal.columns, 80);
}
