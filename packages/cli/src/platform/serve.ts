import type { Platform } from "@tributary/platform";
import { aborted, type Interrupt } from "@tributary/platform/client";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../errors.ts";
import type { PlatformFlags } from "../options/platform.ts";
import { startFromFlags } from "./start-from-flags.ts";
import { stopSignal } from "./stop-signal.ts";

/**
 * Starts a platform, does some work, and stops the platform in every case.
 * @param work returns `done` to stop at once, `serve` to run until Ctrl-C; see {@link stopSignal} for its signal
 */
export async function servePlatform(
  flags: PlatformFlags,
  context: CommandContext,
  interrupt: Interrupt,
  work: (platform: Platform, signal: AbortSignal) => Promise<"done" | "serve">,
): Promise<void> {
  const { terminal } = context;
  const config = context.config();
  let platform: Platform;
  try {
    platform = await startFromFlags(flags, config, terminal, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(exitCode(interrupt));
    return;
  }
  interrupt.onSecond(() => platform.kill());
  const signal = stopSignal(platform, interrupt);
  try {
    if ((await work(platform, signal)) === "serve") await aborted(signal);
    signal.throwIfAborted();
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    if (interrupt.received() === "SIGINT") {
      terminal.note("\nstopping; Ctrl-C again to kill everything at once");
    }
    await platform.stop();
  }
  if (interrupt.signal.aborted) context.exit(exitCode(interrupt));
}

/** 130 after Ctrl-C; 0 after SIGTERM, the regular stop by a supervisor. */
function exitCode(interrupt: Interrupt): number {
  return interrupt.received() === "SIGINT" ? EXIT.interrupted : EXIT.ok;
}
