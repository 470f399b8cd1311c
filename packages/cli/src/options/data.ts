import type { Command } from "commander";

const DEFAULT_DATA_DIR = ".tributary";

/** `--data`: the data folder, which names the platform. */
export function addDataOption(command: Command): Command {
  return command.option("--data <dir>", "data folder", DEFAULT_DATA_DIR);
}
