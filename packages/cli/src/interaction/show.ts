import { pause } from "@tributary/platform/client";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../errors.ts";
import { interruptible } from "./interruptible.ts";

const WATCH_INTERVAL_MS = 1000;
/** Clears the screen and goes to its first place (ECMA-48). */
const CLEAR = "\u001b[2J\u001b[H";

export interface ShowFlags {
  readonly json?: true;
  readonly watch?: true;
}

/** Reads a value and prints it, as JSON or text: once, or with `--watch` each second until Ctrl-C. */
export async function show<T>(
  flags: ShowFlags,
  context: CommandContext,
  read: (signal: AbortSignal) => Promise<T>,
  render: (value: T) => string,
): Promise<void> {
  const { terminal } = context;
  const clear = flags.watch === true && terminal.answerInteractive ? CLEAR : "";
  await interruptible(context, async (signal) => {
    do {
      const value = await read(signal);
      terminal.print(flags.json === true ? JSON.stringify(value) : clear + render(value));
      if (flags.watch === true) await pause(WATCH_INTERVAL_MS, signal);
    } while (flags.watch === true && !signal.aborted);
    if (signal.aborted) context.exit(EXIT.interrupted);
  });
}
