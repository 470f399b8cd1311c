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
import type { Telemetry } from "@tributary/telemetry";
import { StreamsError } from "../errors.ts";
import type { RedisClient } from "../redis/client.ts";
import type { RedisRules } from "../redis/server-settings.ts";
import { ServerWatch } from "../redis/server-watch.ts";
import { Script } from "../redis/script.ts";

const ensureGroupScript = new Script(
  new URL("./ensure-group.lua", import.meta.url),
  "acknowledged",
);

const STREAM_KEYS = { events: eventsKey, facts: factsKey, results: resultsKey } as const;
const JOIN_RETRY_MS = 100;
/** Said of each {@link LostGroup}. */
export const GROUP_LOST =
  "the consumer group was lost and is created again behind the committed or acknowledged ID; the entries of a deleted stream are gone";
/** Field of the platform. */
const WEBHOOKS_SINCE_FIELD = "webhooksSince";

/**
 * Makes sure that this process and all others of the platform mean the same thing by a partition: the first one writes
 * the number of partitions, the others must come with the same.
 * @throws StreamsError `platform_mismatch`
 */
export async function agreeOnPlatform(client: RedisClient, partitions: number): Promise<void> {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw new StreamsError(
      "platform_mismatch",
      `partitions: expected 1 to ${MAX_PARTITIONS}, got ${partitions}`,
    );
  }
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

export interface JoinOptions {
  readonly partitions: number;
  /** How long a Redis is asked again that takes nothing, ms. */
  readonly timeoutMs: number;
  readonly rules: RedisRules;
  readonly telemetry: Telemetry;
}

/**
 * Makes a service part of the platform: checks Redis' settings, {@link agreeOnPlatform}, then {@link ensureGroups}. A Redis that is
 * there and takes nothing just now (its disk is full, it fails over, it is unavailable again) is asked again.
 * @returns what looks at Redis' settings from now on
 * @throws StreamsError `redis_unfit`, and as agreeOnPlatform; the last error after `timeoutMs`
 */
export async function joinPlatform(
  client: RedisClient,
  { partitions, timeoutMs, rules, telemetry }: JoinOptions,
): Promise<ServerWatch> {
  const deadline = performance.now() + timeoutMs;
  const watch = new ServerWatch(client, rules, telemetry);
  for (;;) {
    try {
      await watch.check();
      await agreeOnPlatform(client, partitions);
      for (const lost of await ensureGroups(client, partitions)) {
        telemetry.logger.error(lost, GROUP_LOST);
      }
      watch.start();
      return watch;
    } catch (error) {
      if (error instanceof StreamsError || performance.now() >= deadline) throw error;
      await sleep(JOIN_RETRY_MS);
    }
  }
}

/**
 * Creates the group of the webhooks on every partition's results where it is not there: from what comes next on when webhooks
 * were never used, and behind what it acknowledged where it was there before.
 * @returns those that had been there before
 */
export async function ensureWebhooksGroup(
  client: RedisClient,
  partitions: number,
): Promise<LostGroup[]> {
  const known = await client.hexists(PLATFORM_KEY, WEBHOOKS_SINCE_FIELD);
  const from = known === 1 ? "0" : "$";
  const lost = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) =>
      ensureGroup(client, partition, "results", WEBHOOKS_GROUP, from),
    ),
  );
  // Last: a start that dies half-way begins anew.
  await client.hsetnx(PLATFORM_KEY, WEBHOOKS_SINCE_FIELD, Date.now());
  return lost.filter((group) => group !== undefined);
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

/** A consumer group that was there before. */
export interface LostGroup {
  readonly partition: number;
  readonly stream: keyof typeof STREAM_KEYS;
  readonly group: string;
}

/**
 * Creates every consumer group that is not there: from the streams' beginning where nothing was done yet, else behind what was
 * committed or acknowledged.
 * @returns those that had been there before
 */
export async function ensureGroups(client: RedisClient, partitions: number): Promise<LostGroup[]> {
  const wanted: Promise<LostGroup | undefined>[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    wanted.push(
      ensureGroup(client, partition, "events", ATTRIBUTION_GROUP, "0"),
      ensureGroup(client, partition, "facts", WAREHOUSE_GROUP, "0"),
      ensureGroup(client, partition, "results", WAREHOUSE_GROUP, "0"),
    );
  }
  return (await Promise.all(wanted)).filter((lost) => lost !== undefined);
}

/** @returns the group where it had been there before */
async function ensureGroup(
  client: RedisClient,
  partition: number,
  stream: keyof typeof STREAM_KEYS,
  group: string,
  from: "0" | "$",
): Promise<LostGroup | undefined> {
  const keys = [STREAM_KEYS[stream](partition), stateKey(partition)];
  const lost = await ensureGroupScript.run(client, keys, [group, stream, from]);
  return lost === 1 ? { partition, stream, group } : undefined;
}
