import { takeInterrupts, type Interrupt } from "@tributary/platform/client";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../errors.ts";

/**
 * Does work that Ctrl-C or SIGTERM ends: the first of them aborts the signal, and the command exits with 130.
 * @throws as `work`, unless it was interrupted
 */
export async function interruptible(
  context: CommandContext,
  work: (signal: AbortSignal, interrupt: Interrupt) => Promise<void>,
): Promise<void> {
  const interrupt = takeInterrupts();
  try {
    await work(interrupt.signal, interrupt);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}
