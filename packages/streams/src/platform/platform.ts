import { setTimeout as sleep } from "node:timers/promises";
import {
  ATTRIBUTION_GROUP,
  ENTRY_VERSION,
  eventsKey,
  factsKey,
  MAX_PARTITIONS,
  PLATFORM_KEY,
  progressFields,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
  WEBHOOKS_ERASED_KEY,
  WEBHOOKS_GROUP,
} from "@tributary/protocol";
import { StreamsError } from "../errors.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const ensureGroupScript = new Script(
  new URL("./ensure-group.lua", import.meta.url),
  "acknowledged",
);

const STREAM_KEYS = { events: eventsKey, facts: factsKey, results: resultsKey } as const;
const OLDEST_MAJOR = 7;
const JOIN_RETRY_MS = 100;
/** Field of the platform. */
const WEBHOOKS_SINCE_FIELD = "webhooksSince";

/**
 * Makes sure that this process and all others of the platform mean the same thing by a partition: the first one writes
 * the number of partitions, the others must come with the same.
 * @throws StreamsError `platform_mismatch`, `redis_version`
 */
export async function agreeOnPlatform(client: RedisClient, partitions: number): Promise<void> {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw new StreamsError(
      "platform_mismatch",
      `partitions: expected 1 to ${MAX_PARTITIONS}, got ${partitions}`,
    );
  }
  await checkVersion(client);
  await client.hsetnx(PLATFORM_KEY, "partitions", partitions);
  await client.hsetnx(PLATFORM_KEY, "entryVersion", ENTRY_VERSION);
  const [stored, version] = await client.hmget(PLATFORM_KEY, "partitions", "entryVersion");
  if (Number(stored) !== partitions) {
    throw new StreamsError(
      "platform_mismatch",
      `this Redis holds a platform of ${stored} partitions, and this process is set to ${partitions}; set TRIBUTARY_PARTITIONS=${stored}`,
    );
  }
  if (Number(version) > ENTRY_VERSION) {
    throw new StreamsError(
      "platform_mismatch",
      `this Redis holds entries of version ${version}; this reads up to ${ENTRY_VERSION}`,
    );
  }
}

/** How many partitions the platform in this Redis has; undefined where there is none. */
export async function readPartitionCount(client: RedisClient): Promise<number | undefined> {
  const stored = await client.hget(PLATFORM_KEY, "partitions");
  return stored === null ? undefined : Number(stored);
}

/**
 * Makes a service part of the platform: {@link agreeOnPlatform}, then {@link ensureGroups}. A Redis that is there and
 * takes nothing just now (its disk is full, it fails over, it goes away again) is asked again.
 * @throws StreamsError as agreeOnPlatform; the last error after `timeoutMs`
 */
export async function joinPlatform(
  client: RedisClient,
  partitions: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await agreeOnPlatform(client, partitions);
      await ensureGroups(client, partitions);
      return;
    } catch (error) {
      if (error instanceof StreamsError || performance.now() >= deadline) throw error;
      await sleep(JOIN_RETRY_MS);
    }
  }
}

/**
 * Creates the group of the webhooks on every partition's results where it is not there: from what comes next on when webhooks
 * were never used, and from the stream's beginning where the group was there before and a node of Redis has lost it.
 */
export async function ensureWebhooksGroup(client: RedisClient, partitions: number): Promise<void> {
  const known = await client.hexists(PLATFORM_KEY, WEBHOOKS_SINCE_FIELD);
  const from = known === 1 ? "0" : "$";
  await Promise.all(
    Array.from({ length: partitions }, async (_, partition) =>
      ensureGroup(client, partition, "results", WEBHOOKS_GROUP, from),
    ),
  );
  // Last: a start that dies half-way begins anew.
  await client.hsetnx(PLATFORM_KEY, WEBHOOKS_SINCE_FIELD, Date.now());
}

/** When the group of the webhooks was made, ms since 1970; undefined where there is none. */
export async function webhooksGroupSince(client: RedisClient): Promise<number | undefined> {
  const since = await client.hget(PLATFORM_KEY, WEBHOOKS_SINCE_FIELD);
  return since === null ? undefined : Number(since);
}

/** Ends the group of the webhooks, so that results no longer wait for it. What it has queued stays. */
export async function removeWebhooksGroup(client: RedisClient, partitions: number): Promise<void> {
  // First: a group that is left over is ended by the next try, and one that is made again begins with what comes next.
  await client.hdel(PLATFORM_KEY, WEBHOOKS_SINCE_FIELD);
  await client.del(WEBHOOKS_ERASED_KEY);
  await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      await client.xgroup("DESTROY", resultsKey(partition), WEBHOOKS_GROUP);
      await client.hdel(stateKey(partition), ...progressFields(WEBHOOKS_GROUP, "results"));
    }),
  );
}

/**
 * Creates every consumer group that is not there: from the streams' beginning where nothing was done yet, else behind what was
 * committed or acknowledged.
 */
export async function ensureGroups(client: RedisClient, partitions: number): Promise<void> {
  const wanted: Promise<void>[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    wanted.push(
      ensureGroup(client, partition, "events", ATTRIBUTION_GROUP, "0"),
      ensureGroup(client, partition, "facts", WAREHOUSE_GROUP, "0"),
      ensureGroup(client, partition, "results", WAREHOUSE_GROUP, "0"),
    );
  }
  await Promise.all(wanted);
}

async function ensureGroup(
  client: RedisClient,
  partition: number,
  stream: keyof typeof STREAM_KEYS,
  group: string,
  from: "0" | "$",
): Promise<void> {
  const keys = [STREAM_KEYS[stream](partition), stateKey(partition)];
  await ensureGroupScript.run(client, keys, [group, stream, from]);
}

async function checkVersion(client: RedisClient): Promise<void> {
  const info = await client.info("server");
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? "unknown";
  // Valkey tells the Redis version that it is compatible with in the same line.
  if (!(Number(version.split(".")[0]) >= OLDEST_MAJOR)) {
    throw new StreamsError(
      "redis_version",
      `Redis ${OLDEST_MAJOR}.0 or later is needed, this server is ${version}`,
    );
  }
}
