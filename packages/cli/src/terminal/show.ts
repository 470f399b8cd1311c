import { pause, takeInterrupts } from "@tributary/platform/client";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../errors.ts";

const WATCH_INTERVAL_MS = 1000;
/** Clears the screen and goes to its first place (ECMA-48). */
const CLEAR = "\u001b[2J\u001b[H";

export interface ShowFlags {
  readonly json?: true;
  readonly watch?: true;
}

/** Prints what is read as JSON or text: once, or each second with `--watch` until Ctrl-C. */
export async function show<T>(
  flags: ShowFlags,
  context: CommandContext,
  read: (signal: AbortSignal) => Promise<T>,
  render: (value: T) => string,
): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
  const clear = flags.watch === true && terminal.answerInteractive ? CLEAR : "";
  try {
    do {
      const value = await read(interrupt.signal);
      terminal.print(flags.json === true ? JSON.stringify(value) : clear + render(value));
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
