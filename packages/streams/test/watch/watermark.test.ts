import { ATTRIBUTION_GROUP, eventsKey, factsKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  commitBatch,
  connectRedis,
  ensureGroups,
  entryTimeMs,
  type Lease,
  readCompleteUpTo,
  type RedisClient,
  waitUntilReady,
} from "../../src/index.ts";
import { WarehouseFeed } from "../../src/feed/warehouse-feed.ts";

const PARTITIONS = 2;
let redis: RedisServer;
let client: RedisClient;
let lease: Lease;
let position: string;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client.disconnect();
  await redis.close();
});
beforeEach(async () => {
  await client.flushall();
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
  const taken = await acquireLease(client, 1, "w1", 60_000);
  if (taken === undefined) throw new Error("the lease is another's");
  lease = taken;
  position = "0-0";
});

const add = async (id: string): Promise<string> =>
  String(await client.call("XADD", [eventsKey(1), id, "n", 1, "b", "x"]));
const read = async (): Promise<void> => {
  await client.call("XREADGROUP", ["GROUP", ATTRIBUTION_GROUP, "w1", "STREAMS", eventsKey(1), ">"]);
};
/** Commits what was read; facts and results of it wait to be loaded. */
async function commit(ids: readonly string[]): Promise<void> {
  const block = { count: 1, bytes: new Uint8Array([1]) };
  await commitBatch(client, lease, position, {
    ids,
    events: ids.length,
    readBefore: false,
    originMs: entryTimeMs(ids[0] ?? "0-0"),
    facts: block,
    results: [block],
    books: new Map(),
    deadLetters: [],
  });
  position = ids.at(-1) ?? position;
}
async function load(): Promise<void> {
  const feed = new WarehouseFeed(client, {
    partitions: PARTITIONS,
    consumer: "reports",
    maxEntries: 10,
  });
  await feed.acknowledge(await feed.poll());
}
const now = async (): Promise<number> => {
  const [seconds = 0, micros = 0] = await client.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
};

it("is now where nothing waits, with and without anything before", async () => {
  const before = await now();
  expect(await readCompleteUpTo(client, PARTITIONS)).toBeGreaterThanOrEqual(before);
  const id = await add("*");
  await read();
  await commit([id]);
  await load();
  const later = await now();
  const complete = await readCompleteUpTo(client, PARTITIONS);
  expect(complete).toBeGreaterThanOrEqual(later);
  expect(complete).toBeLessThanOrEqual(await now());
});

it("is the arrival of the oldest event that waits, given to a worker or not", async () => {
  await add("1000-0");
  await add("2000-0");
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1000);
  await read();
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1000);
});

it("survives entries that no commit wrote: nobody knows since when they wait", async () => {
  await add("1000-0");
  await read();
  await commit(["1000-0"]);
  await load();
  // As a dead letter of facts that an earlier version replayed.
  await client.xadd(factsKey(1), "*", "n", 1, "b", "x");
  await client.xadd(factsKey(1), "*", "n", 1, "p", "no ID", "b", "x");
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1000);
  await add("3000-0");
  await read();
  await commit(["3000-0"]);
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1000);
  await load();
  expect(await readCompleteUpTo(client, PARTITIONS)).toBeGreaterThan(1_600_000_000_000);
});

it("does not go beyond events that are attributed and not loaded, whose blocks bear a later time", async () => {
  await add("1000-0");
  await read();
  await commit(["1000-0"]);
  // Nobody can tell what came before the first block.
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(0);
  await load();
  await add("3000-0");
  await add("4000-0");
  await read();
  await commit(["3000-0", "4000-0"]);
  const facts = (await client.xrange(factsKey(1), "-", "+")).map(([id]) => entryTimeMs(id));
  expect(Math.min(...facts)).toBeGreaterThan(1_600_000_000_000);
  // After what the block before covered; the event of 3000 is in this one.
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1000);
  // Given to the loader and not acknowledged: it still waits.
  const groups = ["GROUP", WAREHOUSE_GROUP, "reports", "STREAMS", factsKey(1), ">"];
  await client.call("XREADGROUP", groups);
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1000);
});
