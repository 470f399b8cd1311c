import type { Command } from "commander";

const DEFAULT_DATA_DIR = ".tributary";

/** `--data`: the folder of the platform that is meant. */
export function addDataOption(command: Command): Command {
  return command.option("--data <dir>", "data folder", DEFAULT_DATA_DIR);
}
