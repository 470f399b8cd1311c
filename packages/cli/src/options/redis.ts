/** Options and connection of the commands that read the platform's Redis. */
import type { Command } from "commander";
import type { PlatformRedis } from "../client/platform-redis.ts";
import type { CommandContext } from "../context.ts";
import type { ShowFlags } from "../interaction/show.ts";
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
      .option(
        "--redis <url>",
        "Redis of the platform (default: that of the platform on --data)",
        redisUrl,
      )
      .option("--json", "print the answer as one JSON object"),
  );
}

/** Connects to the platform's Redis, does some work with it, and disconnects. @throws CliError `no_platform`, or as `work` */
export async function onRedis<T>(
  flags: RedisFlags,
  context: CommandContext,
  work: (redis: PlatformRedis) => Promise<T>,
): Promise<T> {
  const { redis, data } = flags;
  // Imported here because it loads the Redis client, which `--help` does without.
  const { withPlatformRedis } = await import("../client/platform-redis.ts");
  return withPlatformRedis({ redis, data, environmentUrl: context.config().redisUrl }, work);
}
