import type { Command } from "commander";
import { EXIT } from "../../errors.ts";
import { autoscale, type Platform } from "@tributary/platform";
import type { CommandContext } from "../../program.ts";
import { aborted, takeInterrupts, type Interrupt } from "@tributary/platform/client";
import {
  addAutoscaleOptions,
  addPlatformOptions,
  autoscaleLimits,
  overview,
  startFromFlags,
  type PlatformFlags,
} from "../../options/platform.ts";
import { stopSignal } from "../../platform/stop-signal.ts";

export function upCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("up")
    .description(
      "run the platform: Redis (unless REDIS_URL is set), gateway, workers, reports, and webhooks where they are set, until Ctrl-C",
    )
    .addHelpText(
      "after",
      `
Examples:
  tributary up
  tributary up --workers 2 --threads 2 --data /var/lib/tributary --port 8080
  tributary up --autoscale --max-workers 4
  REDIS_URL=redis://10.0.0.5:6379 tributary up

Ctrl-C (or SIGTERM) stops the gateway, the workers, the reports, webhooks and Redis, in this order, with everything
that was accepted kept; a second Ctrl-C kills them at once. Exit code: 130 after Ctrl-C, 0 after SIGTERM.`,
    );
  addAutoscaleOptions(addPlatformOptions(command)).action(async (flags: PlatformFlags) => {
    const limits = autoscaleLimits(flags);
    const interrupt = takeInterrupts();
    const { terminal } = context;
    try {
      await servePlatform(flags, context, interrupt, async (platform, signal) => {
        terminal.print(`The platform is up; Ctrl-C stops it.\n${overview(platform)}`);
        // Ended before the platform is stopped: nothing is started any more then.
        if (limits !== undefined) {
          await autoscale(platform, limits, (line) => terminal.note(line), signal);
        }
        return "serve";
      });
    } finally {
      interrupt.dispose();
    }
  });
}

/**
 * Runs a platform around some work, and stops it afterwards, whatever happens.
 * @param work `done` ends the platform after it, `serve` keeps it until Ctrl-C; see {@link stopSignal} for its signal
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

/** Ctrl-C is 130; SIGTERM is how a supervisor says that all is well and it is time to go. */
function exitCode(interrupt: Interrupt): number {
  return interrupt.received() === "SIGINT" ? EXIT.interrupted : EXIT.ok;
}
