import { connectRedis, readPartitionCount, refusedLogin, waitUntilReady } from "@tributary/streams";
import type { RedisClient } from "@tributary/streams";
import { redactUrl } from "@tributary/telemetry";
import { CliError } from "../errors.ts";
import { runningRedis } from "./find-platform.ts";

const CONNECT_TIMEOUT_MS = 5000;
const COMMAND_TIMEOUT_MS = 10_000;

/** The places to look for the platform's Redis, in this order. */
export interface RedisWhere {
  /** `--redis`. */
  readonly redis?: string | undefined;
  /** `--data`. */
  readonly data: string;
  /** REDIS_URL. */
  readonly environmentUrl: string | undefined;
}

/** The platform's Redis. */
export interface PlatformRedis {
  readonly client: RedisClient;
  readonly partitions: number;
}

/**
 * Connects to the platform's Redis, does some work with it, and disconnects. It is the given one, else that of the
 * platform that runs on the data folder, else REDIS_URL.
 * @throws CliError `no_platform`
 */
export async function withPlatformRedis<T>(
  where: RedisWhere,
  work: (redis: PlatformRedis) => Promise<T>,
): Promise<T> {
  return withRedis(where, async (client, shown) => {
    const partitions = await readPartitionCount(client);
    if (partitions === undefined) {
      throw new CliError("no_platform", `the Redis at ${shown} holds no platform`);
    }
    return work({ client, partitions });
  });
}

/**
 * As {@link withPlatformRedis}, whatever the Redis holds.
 * @param work is given the address as well, without its password
 */
export async function withRedis<T>(
  where: RedisWhere,
  work: (client: RedisClient, shown: string) => Promise<T>,
): Promise<T> {
  const running = where.redis === undefined ? runningRedis(where.data) : undefined;
  const url = where.redis ?? running?.url ?? where.environmentUrl;
  if (url === undefined) {
    throw new CliError(
      "no_platform",
      `no platform runs on ${where.data}; start one with \`tributary up\`, or give --redis with the address of its Redis`,
    );
  }
  const shown = url.split(",").map(redactUrl).join(",");
  const client = connectRedis(url, {
    name: "tributary-cli",
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
  try {
    if (!(await waitUntilReady(client, CONNECT_TIMEOUT_MS))) {
      const refused = refusedLogin(client);
      throw new CliError(
        "no_platform",
        refused === undefined
          ? `no Redis answers at ${shown}`
          : `the Redis at ${shown} refuses the user or the password (${refused})`,
      );
    }
    await requireProcess(client, running?.pid, shown, where.data);
    return await work(client, shown);
  } finally {
    client.disconnect();
  }
}

/** Another Redis may have the port by now. @throws CliError `no_platform` where it is not the platform's own process */
async function requireProcess(
  client: RedisClient,
  pid: number | undefined,
  shown: string,
  dataDir: string,
): Promise<void> {
  if (pid === undefined) return;
  const found = /^process_id:(\d+)/m.exec(await client.info("server"))?.[1];
  if (found === String(pid)) return;
  throw new CliError(
    "no_platform",
    `the Redis at ${shown} is not the one that the platform on ${dataDir} started`,
  );
}
