/** What the commands that read the platform's Redis have in common. */
import type { Command } from "commander";
import type { PlatformRedis } from "../client/platform-redis.ts";
import type { CommandContext } from "../context.ts";
import type { ShowFlags } from "../terminal/show.ts";
import { addDataOption } from "./data.ts";
import { redisUrl } from "./parsers.ts";

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
  // Loaded when it is called: it brings the Redis client along, which `--help` does without.
  const { withPlatformRedis } = await import("../client/platform-redis.ts");
  return withPlatformRedis({ redis, data, environmentUrl: context.config().redisUrl }, work);
}
