/** The platform that a command sends a file to. */
import type { Platform } from "@tributary/platform";
import type { Interrupt } from "@tributary/platform/client";
import { reportsUrlOf, runningPlatform, type PlatformAddress } from "../client/find-platform.ts";
import type { CommandContext } from "../context.ts";
import { stopSignal } from "./stop-signal.ts";

/** Names the platform. */
export interface PlatformTarget {
  readonly url?: string;
  readonly reportsUrl?: string;
  readonly data: string;
}

/**
 * Works on the platform that the flags name, else on the one on the data folder, which is started where none runs. After Ctrl-C it
 * says that the command can be repeated.
 * @throws CliError `no_platform`, `usage`; as `work`
 */
export async function onPlatform(
  flags: PlatformTarget,
  context: CommandContext,
  interrupt: Interrupt,
  work: (address: PlatformAddress, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let started: Platform | undefined;
  try {
    let address = await addressOf(flags, await runningPlatform(flags.data));
    if (address === undefined) {
      started = await startOwn(flags, context, interrupt);
      address = started;
    }
    await work(address, started === undefined ? interrupt.signal : stopSignal(started, interrupt));
  } catch (error) {
    if (interrupt.signal.aborted) {
      context.terminal.note(
        "\nstopped. Run the same command again to continue: the events keep their IDs, so nothing is counted twice.",
      );
    }
    throw error;
  } finally {
    await started?.stop();
  }
}

async function addressOf(
  flags: PlatformTarget,
  running: PlatformAddress | undefined,
): Promise<PlatformAddress | undefined> {
  const gatewayUrl = flags.url ?? running?.gatewayUrl;
  if (gatewayUrl === undefined) return undefined;
  return { gatewayUrl, reportsUrl: await reportsUrlOf(gatewayUrl, flags.reportsUrl, running) };
}

async function startOwn(
  flags: PlatformTarget,
  { terminal, config }: CommandContext,
  interrupt: Interrupt,
): Promise<Platform> {
  terminal.note(`no platform runs on ${flags.data}: starting one for this file`);
  const { startPlatform } = await import("@tributary/platform");
  const { redisUrl, environment } = config();
  const platform = await startPlatform({
    dataDir: flags.data,
    redisUrl,
    environment,
    signal: interrupt.signal,
    note: (line) => terminal.note(line),
  });
  interrupt.onSecond(() => platform.kill());
  return platform;
}
