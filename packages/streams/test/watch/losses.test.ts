import { ATTRIBUTION_GROUP, eventsKey, factsKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  commitBatch,
  connectRedis,
  ensureGroups,
  type Lease,
  LossFinder,
  readCompleteUpTo,
  readLag,
  type RedisClient,
  removeIdleConsumers,
  settle,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";

let redis: RedisServer;
let client: RedisClient;
let lease: Lease;
let finder: LossFinder;
let position: string;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});
beforeEach(async () => {
  await client.flushall();
  await agreeOnPlatform(client, 1);
  await ensureGroups(client, 1);
  const taken = await acquireLease(client, 0, "w1", 60_000);
  lease = taken ?? expect.fail("the lease is another's");
  position = "0-0";
  finder = new LossFinder(client, 1);
});

const add = async (key: string): Promise<string> =>
  (await client.xadd(key, "*", "n", 1, "b", "x")) ?? "";
const addMany = async (key: string, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await add(key));
  return ids;
};
async function load(): Promise<void> {
  const feed = new WarehouseFeed(client, { partitions: 1, consumer: "l", maxEntries: 100 });
  await feed.acknowledge(await feed.poll());
}
async function commit(): Promise<void> {
  const args = ["GROUP", ATTRIBUTION_GROUP, "w1", "STREAMS", eventsKey(0), ">"];
  const reply = (await client.call("XREADGROUP", args)) as [string, [string][]][];
  const ids = (reply[0]?.[1] ?? []).map(([id]) => id);
  await commitBatch(client, lease, position, {
    ids,
    events: ids.length,
    readBefore: false,
    originMs: 0,
    facts: undefined,
    results: [],
    books: new Map(),
    deadLetters: [],
  });
  position = ids.at(-1) ?? position;
}
const lag = async () => (await readLag(client, 1))[0] ?? expect.fail("no lag");

it("finds nothing where all waits, is in hand, or is done with", async () => {
  await addMany(eventsKey(0), 3);
  await addMany(factsKey(0), 3);
  expect(await finder.find()).toEqual([]);
  await commit();
  await load();
  expect(await finder.find()).toEqual([]);
  expect(await lag()).toMatchObject({ acknowledged: 3, lost: 0, warehouse: { lost: 0 } });
});

it("finds what others trimmed, once, and it does not wait for ever", async () => {
  await add(eventsKey(0));
  await commit();
  await addMany(eventsKey(0), 5);
  await addMany(factsKey(0), 5);
  for (const key of [eventsKey(0), factsKey(0)]) await client.xtrim(key, "MAXLEN", 2);
  expect(await finder.find()).toEqual([
    { partition: 0, stream: "events", group: ATTRIBUTION_GROUP, entries: 3, cause: "trimmed" },
    { partition: 0, stream: "facts", group: WAREHOUSE_GROUP, entries: 3, cause: "trimmed" },
  ]);
  expect(await finder.find()).toEqual([]);
  expect(await lag()).toMatchObject({
    undelivered: 2,
    lost: 3,
    warehouse: { undelivered: 2, lost: 3 },
  });
  await commit();
  await load();
  expect(await finder.find()).toEqual([]);
  expect(await lag()).toMatchObject({ undelivered: 0, lost: 3, warehouse: { undelivered: 0 } });
});

it("waits for nothing where everything that waited was trimmed, also before it is found", async () => {
  await addMany(eventsKey(0), 2);
  await addMany(factsKey(0), 2);
  for (const key of [eventsKey(0), factsKey(0)]) await client.xtrim(key, "MAXLEN", 0);
  expect(await lag()).toMatchObject({ undelivered: 0, warehouse: { undelivered: 0 } });
  expect(await settle(client, 1, { timeoutMs: 100 })).toBe(true);
});

it("finds a stream that was deleted, with what had waited in it", async () => {
  await addMany(eventsKey(0), 4);
  await commit();
  await addMany(eventsKey(0), 3);
  await addMany(factsKey(0), 2);
  await finder.find();
  await client.del(eventsKey(0), factsKey(0));
  await add(eventsKey(0));
  const at = await readCompleteUpTo(client, 1);
  expect(at).toBe(0);
  expect(await finder.find()).toEqual([
    {
      partition: 0,
      stream: "events",
      group: ATTRIBUTION_GROUP,
      entries: 3,
      cause: "stream_deleted",
    },
    { partition: 0, stream: "facts", group: WAREHOUSE_GROUP, entries: 2, cause: "stream_deleted" },
  ]);
  expect(await lag()).toMatchObject({ undelivered: 1, stranded: true });
  await ensureGroups(client, 1);
  await commit();
  expect(await finder.find()).toEqual([]);
  expect(await lag()).toMatchObject({ undelivered: 0, lost: 0, stranded: false });
});

it("removes consumers that were not seen for long and have nothing in hand", async () => {
  await add(factsKey(0));
  const feed = (consumer: string): WarehouseFeed =>
    new WarehouseFeed(client, { partitions: 1, consumer, maxEntries: 1 });
  const done = feed("done");
  await done.acknowledge(await done.poll());
  await add(factsKey(0));
  await feed("busy").poll();
  expect(await removeIdleConsumers(client, 1, 60_000)).toEqual([]);
  expect(await removeIdleConsumers(client, 1, 0)).toEqual(["done"]);
  const consumers = (await client.xinfo("CONSUMERS", factsKey(0), WAREHOUSE_GROUP)) as string[][];
  expect(consumers.map(([, name]) => name)).toEqual(["busy"]);
});
