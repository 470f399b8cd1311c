/** What the operators' commands have in common: where to look, once or again and again, as text or JSON. */
import type { Command } from "commander";
import { withPlatformRedis, type PlatformRedis } from "../client/platform-redis.ts";
import { EXIT } from "../errors.ts";
import { redisUrl } from "./parsers.ts";
import type { CommandContext } from "../program.ts";
import { pause, takeInterrupts } from "@tributary/platform/client";
import { addDataOption } from "./platform.ts";

const WATCH_INTERVAL_MS = 1000;
/** Clears the screen and goes to its first place (ECMA-48). */
const CLEAR = "\u001b[2J\u001b[H";

export interface ShowFlags {
  readonly json?: true;
  readonly watch?: true;
}

export interface RedisFlags extends ShowFlags {
  readonly redis?: string;
  readonly data: string;
}

/** `--redis`, `--data` and `--json`. */
export function addRedisOptions(command: Command): Command {
  return addDataOption(
    command
      .option("--redis <url>", "Redis of the platform (default: of the one on --data)", redisUrl)
      .option("--json", "print one JSON object"),
  );
}

/** Does something with the platform's Redis. */
export async function onRedis<T>(
  flags: RedisFlags,
  context: CommandContext,
  work: (redis: PlatformRedis) => Promise<T>,
): Promise<T> {
  const { redis, data } = flags;
  return withPlatformRedis({ redis, data, environmentUrl: context.config().redisUrl }, work);
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
