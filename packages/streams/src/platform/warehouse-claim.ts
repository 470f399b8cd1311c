/** Which warehouse a platform's facts and results are loaded into: two that share the streams would each have a part. */
import { factsKey, PLATFORM_KEY, resultsKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";

/** Field of the platform. */
const WAREHOUSE_FIELD = "warehouse";
const NEVER = "0-0";

/** The ID of the warehouse that the platform is loaded into; undefined where none was claimed yet. */
export async function readWarehouseId(client: RedisClient): Promise<string | undefined> {
  return (await client.hget(PLATFORM_KEY, WAREHOUSE_FIELD)) ?? undefined;
}

/** Claims the platform for a warehouse where none has. @returns the ID that the platform bears then */
export async function claimForWarehouse(client: RedisClient, id: string): Promise<string> {
  await client.hsetnx(PLATFORM_KEY, WAREHOUSE_FIELD, id);
  return (await readWarehouseId(client)) ?? id;
}

/** Gives the platform to another warehouse: whoever loads into the former one stops. */
export async function moveToWarehouse(client: RedisClient, id: string): Promise<void> {
  await client.hset(PLATFORM_KEY, WAREHOUSE_FIELD, id);
}

/** What is left in Redis of the blocks of a kind. */
export interface BlocksHeld {
  /** Blocks that were ever written. */
  readonly written: number;
  /** Those that are still in the streams. */
  readonly held: number;
  /** When the oldest of them was committed, ms since 1970 by the clock of Redis; undefined where none is left. */
  readonly oldestMs: number | undefined;
}

/** What the group of the warehouse was given, and what could be loaded again. */
export interface LoadedBlocks {
  /** Whether any block was ever given to a loader. */
  readonly isUsed: boolean;
  readonly facts: BlocksHeld;
  readonly results: BlocksHeld;
}

/** Reads what was loaded of the streams. @param partitions how many there are */
export async function readLoadedBlocks(
  client: RedisClient,
  partitions: number,
): Promise<LoadedBlocks> {
  const streams = async (keyOf: (partition: number) => string) =>
    Promise.all(
      Array.from({ length: partitions }, async (_, partition) =>
        readStream(client, keyOf(partition)),
      ),
    );
  const [facts, results] = [await streams(factsKey), await streams(resultsKey)];
  return {
    isUsed: [...facts, ...results].some(({ isUsed }) => isUsed),
    facts: sumOf(facts),
    results: sumOf(results),
  };
}

/** Has all blocks that the streams still hold given to the loader once more, the oldest first. */
export async function loadFromBeginning(client: RedisClient, partitions: number): Promise<void> {
  const keys = Array.from({ length: partitions }, (_, partition) => [
    factsKey(partition),
    resultsKey(partition),
  ]).flat();
  await Promise.all(keys.map(async (key) => client.xgroup("SETID", key, WAREHOUSE_GROUP, NEVER)));
}

async function readStream(
  client: RedisClient,
  key: string,
): Promise<BlocksHeld & { readonly isUsed: boolean }> {
  const [stream, groups] = await Promise.all([
    client.xinfo("STREAM", key) as Promise<unknown[]>,
    client.xinfo("GROUPS", key) as Promise<unknown[][]>,
  ]);
  const info = fieldsOf(stream);
  const group = groups.map(fieldsOf).find((of) => of.get("name") === WAREHOUSE_GROUP);
  const first = info.get("first-entry");
  return {
    isUsed: group !== undefined && group.get("last-delivered-id") !== NEVER,
    written: Number(info.get("entries-added")),
    held: Number(info.get("length")),
    oldestMs: Array.isArray(first) ? entryTimeMs(String(first[0])) : undefined,
  };
}

function sumOf(streams: readonly BlocksHeld[]): BlocksHeld {
  const times = streams.flatMap(({ oldestMs }) => (oldestMs === undefined ? [] : [oldestMs]));
  return {
    written: streams.reduce((sum, { written }) => sum + written, 0),
    held: streams.reduce((sum, { held }) => sum + held, 0),
    oldestMs: times.length === 0 ? undefined : Math.min(...times),
  };
}

/** Names and values that follow each other, as XINFO gives them. */
function fieldsOf(reply: readonly unknown[]): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), reply[i + 1]);
  return fields;
}
