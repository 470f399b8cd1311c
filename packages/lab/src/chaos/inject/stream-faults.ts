/** Faults of the streams themselves: what an eviction, a wrong command or a restored backup does to them. */
import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  leaseKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import type { Redis } from "ioredis";
import type { Stage } from "./progress-watch.ts";

/** A consumer group of one partition, and what stops where it is lost. */
export interface GroupPlace {
  readonly key: string;
  readonly group: string;
  readonly stage: Stage;
}

/** One of a partition's groups. @param choice in [0, 1) */
export function groupOf(partition: number, choice: number): GroupPlace {
  if (choice < 0.5) {
    return { key: eventsKey(partition), group: ATTRIBUTION_GROUP, stage: "attribution" };
  }
  const key = choice < 0.75 ? factsKey(partition) : resultsKey(partition);
  return { key, group: WAREHOUSE_GROUP, stage: "warehouse" };
}

/** `XGROUP DESTROY`. @returns whether the group was there */
export async function destroyGroup(redis: Redis, { key, group }: GroupPlace): Promise<boolean> {
  return (await redis.xgroup("DESTROY", key, group)) === 1;
}

/** `XGROUP SETID` to the stream's end: whatever was not delivered yet never will be. */
export async function setGroupAhead(redis: Redis, { key, group }: GroupPlace): Promise<void> {
  await redis.xgroup("SETID", key, group, "$");
}

/**
 * Deletes a partition's events stream, and its group with it, at a moment when every entry in it is committed: nothing
 * that was acknowledged goes.
 * @returns whether there was such a moment
 */
export async function deleteCommittedStream(redis: Redis, partition: number): Promise<boolean> {
  const script = `
    local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    if not newest or newest[1] ~= redis.call('HGET', KEYS[2], 'position') then return 0 end
    return redis.call('DEL', KEYS[1])`;
  return (await redis.eval(script, 2, eventsKey(partition), stateKey(partition))) === 1;
}

/** Deletes every key of a partition, as FLUSHALL or a lost node does. @returns how many there were */
export async function flushPartition(redis: Redis, partition: number): Promise<number> {
  const tag = leaseKey(partition).split(":")[0] ?? "";
  const keys = await redis.keys(`${tag}:*`);
  return keys.length === 0 ? 0 : redis.del(keys);
}
