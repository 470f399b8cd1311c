import type { CliConfig } from "./config.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Given to every command. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Read when a command runs: `--help` works whatever the environment holds. */
  readonly config: () => CliConfig;
  /** Sets the exit code of a command that does not fail. */
  readonly exit: (code: number) => void;
}
