/** The `tributary` command; bin/tributary.mjs starts it. */
import { readConfig } from "./config.ts";
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal/terminal.ts";

// `tributary … | head` closes the pipe early: that is the reader's wish, not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), processTerminal(), () =>
  readConfig(process.env),
);
