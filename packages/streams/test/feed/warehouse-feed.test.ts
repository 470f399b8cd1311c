import {
  deadLettersKey,
  factsKey,
  progressFields,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  type FeedOptions,
  type MendedGroup,
  type PolledEntry,
  readLag,
  type RedisClient,
  trimPartition,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";

const KEY = factsKey(0);
const [ACKNOWLEDGED, ENTRIES] = progressFields(WAREHOUSE_GROUP, "facts");
let redis: RedisServer;
let client: RedisClient;
let mended: MendedGroup[];

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
  mended = [];
});

const add = async (block: string): Promise<string> =>
  (await client.xadd(KEY, "*", "n", 1, "b", block)) ?? "";
const textsOf = (entries: readonly PolledEntry[]): string[] =>
  entries.map(({ block }) => Buffer.from(block).toString());
const warehouse = async () => (await readLag(client, 1))[0]?.warehouse;

function feedOf(consumer: string, more: Partial<FeedOptions> = {}): WarehouseFeed {
  const onMended = (groups: readonly MendedGroup[]): void => void mended.push(...groups);
  const options = { partitions: 1, consumer, maxEntries: 10, takeOverEveryMs: 0 };
  return new WarehouseFeed(client, { ...options, onMended, ...more });
}

/** Polls and acknowledges until nothing comes. */
async function loadAll(feed: WarehouseFeed): Promise<string[]> {
  const loaded: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const entries = await feed.poll();
    await feed.acknowledge(entries);
    loaded.push(...textsOf(entries));
  }
  return loaded;
}

it("makes a lost group again behind what it had acknowledged, and says so once", async () => {
  const feed = feedOf("l");
  const a = await add("a");
  expect(await loadAll(feed)).toEqual(["a"]);
  await add("b");
  await client.xgroup("DESTROY", KEY, WAREHOUSE_GROUP);
  expect(await warehouse()).toMatchObject({ undelivered: 1, stranded: true });
  expect(await loadAll(feed)).toEqual(["b"]);
  expect(mended).toEqual([{ partition: 0, stream: "facts", fault: "lost", from: a }]);
  expect(await warehouse()).toMatchObject({ undelivered: 0, acknowledged: 2, stranded: false });
});

it("begins from the beginning where all was lost, and where the stream was deleted", async () => {
  const feed = feedOf("l");
  await add("a");
  await loadAll(feed);
  await client.flushall();
  await add("b");
  expect(await loadAll(feed)).toEqual(["b"]);
  await client.del(KEY);
  await client.xadd(KEY, "5-0", "n", 1, "b", "c");
  expect(await loadAll(feed)).toEqual(["c"]);
  expect(mended.map(({ fault, stream, from }) => [fault, stream, from])).toEqual([
    ["lost", "facts", "0-0"],
    ["lost", "results", "0-0"],
    ["lost", "facts", "0-0"],
  ]);
});

it("finds the entries that its group was set past, which count as waiting and are not trimmed until then", async () => {
  const [feed, hasty] = [feedOf("l"), feedOf("l", { takeOverEveryMs: 60_000 })];
  const a = await add("a");
  for (const each of [feed, hasty]) await loadAll(each);
  const b = await add("b");
  await client.xgroup("SETID", KEY, WAREHOUSE_GROUP, "$");
  expect(await warehouse()).toMatchObject({ undelivered: 1, pending: 0, stranded: true });
  const c = await add("c");
  // What comes behind is loaded; what is in between is known not to be.
  expect(await loadAll(hasty)).toEqual(["c"]);
  expect(await client.hget(stateKey(0), ACKNOWLEDGED)).toBe(a);
  expect(await trimPartition(client, 0, `${c}9`)).toBe(1);
  expect((await client.xrange(KEY, "-", "+")).map(([id]) => id)).toEqual([b, c]);
  expect(await loadAll(feed)).toContain("b");
  expect(mended).toEqual([{ partition: 0, stream: "facts", fault: "set_ahead", from: a }]);
  expect(await client.hmget(stateKey(0), ACKNOWLEDGED, ENTRIES)).toEqual([c, "3"]);
  expect(await trimPartition(client, 0, `${c}9`)).toBe(2);
});

it("brings again what an operator set the group back to, and counts it as waiting", async () => {
  const feed = feedOf("l");
  await add("a");
  const b = await add("b");
  await loadAll(feed);
  await client.xgroup("SETID", KEY, WAREHOUSE_GROUP, "0");
  expect(await warehouse()).toMatchObject({ undelivered: 2, stranded: false });
  expect(await loadAll(feed)).toEqual(["a", "b"]);
  expect(await client.hmget(stateKey(0), ACKNOWLEDGED, ENTRIES)).toEqual([b, "2"]);
  expect(mended).toEqual([]);
});

it("takes a group on that was used before what it acknowledged was written down", async () => {
  const a = await add("a");
  await add("b");
  await add("c");
  const group = ["GROUP", WAREHOUSE_GROUP, "l", "COUNT", 2, "STREAMS", KEY, ">"];
  await client.call("XREADGROUP", group);
  await client.xack(KEY, WAREHOUSE_GROUP, a);
  await client.hdel(stateKey(0), ACKNOWLEDGED, ENTRIES);
  await ensureGroups(client, 1);
  expect(await warehouse()).toMatchObject({ undelivered: 1, pending: 1, acknowledged: 1 });
  expect(await loadAll(feedOf("l"))).toEqual(["b", "c"]);
  expect(mended).toEqual([]);
});

it("shares a stream with another feed: each entry is loaded once, whoever is faster", async () => {
  const [one, two] = [feedOf("one", { maxEntries: 2 }), feedOf("two", { maxEntries: 2 })];
  for (const feed of [one, two]) await feed.poll();
  for (const text of ["a", "b", "c", "d"]) await add(text);
  const first = await one.poll();
  const second = await two.poll();
  expect([textsOf(first), textsOf(second)]).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
  await two.acknowledge(second);
  expect(await warehouse()).toMatchObject({ undelivered: 2, pending: 2 });
  await one.acknowledge(first);
  // The faster one says so at its next look.
  expect(await two.poll()).toEqual([]);
  expect(await one.poll()).toEqual([]);
  expect(await warehouse()).toMatchObject({ undelivered: 0, pending: 0, acknowledged: 4 });
});

it("reads about so many bytes at once of all its partitions together, and says that more waits", async () => {
  const [partitions, each, bytes] = [4, 12, 200_000];
  await client.flushall();
  await agreeOnPlatform(client, partitions);
  await ensureGroups(client, partitions);
  const maxReadBytes = 1 << 20;
  const feed = feedOf("l", { partitions, maxEntries: 64, maxReadBytes, streams: ["facts"] });
  for (let i = 0; i < each; i += 1) {
    for (let p = 0; p < partitions; p += 1) {
      await client.xadd(factsKey(p), "*", "n", 1, "b", `${i} `.padEnd(bytes, "x"));
    }
  }
  const found: PolledEntry[] = [];
  for (let polls = 0; found.length < partitions * each && polls < 100; polls += 1) {
    const entries = await feed.poll();
    // Of the first read nothing is known but that it brings eight entries at most.
    const most = polls === 0 ? 8 * bytes : maxReadBytes;
    expect(entries.reduce((sum, { block }) => sum + block.length, 0)).toBeLessThanOrEqual(most);
    if (entries.length > 0) expect(feed.isBehind).toBe(true);
    found.push(...entries);
  }
  for (const [, of] of Map.groupBy(found, ({ partition }) => partition)) {
    expect(textsOf(of).map((text) => Number.parseInt(text, 10))).toEqual([...Array(each).keys()]);
  }
  expect(await feed.poll()).toEqual([]);
  expect(feed.isBehind).toBe(false);
});

it("keeps one dead letter of an entry whose feed died before it acknowledged the others", async () => {
  for (const text of ["bad 1", "good", "bad 2"]) await add(text);
  const first = feedOf("l");
  const entries = await first.poll();
  const [bad1, , bad2] = entries;
  for (const bad of [bad1, bad2]) await first.deadLetter(bad as PolledEntry, "unreadable");
  const next = feedOf("l");
  const again = await next.poll();
  expect(textsOf(again)).toEqual(["good", "bad 2"]);
  await next.deadLetter(again[1] as PolledEntry, "unreadable");
  await next.acknowledge(again.slice(0, 1));
  expect(await client.xlen(deadLettersKey(0))).toBe(2);
  expect(await warehouse()).toMatchObject({ undelivered: 0, pending: 0, acknowledged: 3 });
  expect(mended).toEqual([]);
});

it("takes over what a silent consumer had in hand", async () => {
  const [silent, feed] = [feedOf("silent"), feedOf("l", { takeOverAfterMs: 50 })];
  for (const each of [silent, feed]) await each.poll();
  await add("a");
  await add("b");
  await silent.poll();
  expect(await feed.poll()).toEqual([]);
  await sleep(60);
  const entries = await feed.poll();
  expect(textsOf(entries)).toEqual(["a", "b"]);
  await feed.acknowledge(entries);
  expect(await warehouse()).toMatchObject({ undelivered: 0, pending: 0, acknowledged: 2 });
  expect(mended).toEqual([]);
});
