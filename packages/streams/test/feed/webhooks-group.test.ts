import {
  BLOCK_FIELD,
  factsKey,
  resultsKey,
  WAREHOUSE_GROUP,
  WEBHOOKS_GROUP,
} from "@tributary/protocol";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  ensureWebhooksGroup,
  readBacklog,
  readGroupLag,
  type RedisClient,
  removeWebhooksGroup,
  trimPartition,
  waitUntilReady,
  WarehouseFeed,
  webhooksGroupSince,
} from "../../src/index.ts";

const PARTITIONS = 2;
let redis: RedisServer;
let client: RedisClient;

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
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
});

const add = async (block: string): Promise<unknown> =>
  client.xadd(resultsKey(0), "*", "n", 1, BLOCK_FIELD, block);
const feedOf = (group: string): WarehouseFeed =>
  new WarehouseFeed(client, {
    partitions: PARTITIONS,
    consumer: "test",
    maxEntries: 10,
    streams: ["results"],
    group,
  });
const lag = async (): Promise<unknown> =>
  readGroupLag(client, WEBHOOKS_GROUP, "results", PARTITIONS);

async function read(group: string): Promise<string[]> {
  const feed = feedOf(group);
  const entries = await feed.poll();
  await feed.acknowledge(entries);
  return entries.map(({ block }) => Buffer.from(block).toString());
}

it("begins with what comes next, goes on where it was, and behind what it acknowledged where a node has lost it", async () => {
  await add("before");
  expect(await webhooksGroupSince(client)).toBeUndefined();
  await ensureWebhooksGroup(client, PARTITIONS);
  expect(await webhooksGroupSince(client)).toBeGreaterThan(0);
  await add("after");
  await ensureWebhooksGroup(client, PARTITIONS);
  expect(await lag()).toMatchObject({ undelivered: 1, pending: 0 });
  expect(await read(WEBHOOKS_GROUP)).toEqual(["after"]);
  await client.xgroup("DESTROY", resultsKey(0), WEBHOOKS_GROUP);
  await add("while it is lost");
  await ensureWebhooksGroup(client, PARTITIONS);
  expect(await read(WEBHOOKS_GROUP)).toEqual(["while it is lost"]);
  // With the partition's state nobody knows any more what it had.
  await client.xgroup("DESTROY", resultsKey(0), WEBHOOKS_GROUP);
  await client.del("{p00}:state");
  await ensureWebhooksGroup(client, PARTITIONS);
  expect(await read(WEBHOOKS_GROUP)).toEqual(["before", "after", "while it is lost"]);
});

it("results are trimmed when both groups have them, and count for the backlog until then", async () => {
  await ensureWebhooksGroup(client, PARTITIONS);
  for (let i = 0; i < 50; i += 1) await add("x".repeat(10_000));
  expect((await readBacklog(client, 0)).warehouseBytes).toBeGreaterThan(400_000);
  const feed = feedOf(WAREHOUSE_GROUP);
  for (let entries = await feed.poll(); entries.length > 0; entries = await feed.poll()) {
    await feed.acknowledge(entries);
  }
  expect((await readBacklog(client, 0)).warehouseBytes).toBeGreaterThan(400_000);
  expect(await trimPartition(client, 0, undefined)).toBe(0);
  const webhooks = feedOf(WEBHOOKS_GROUP);
  await webhooks.acknowledge(await webhooks.poll());
  expect(await lag()).toMatchObject({ undelivered: 40, pending: 0 });
  expect(await trimPartition(client, 0, undefined)).toBe(10);
  // Given up for good, it holds up nothing.
  await removeWebhooksGroup(client, PARTITIONS);
  expect(await webhooksGroupSince(client)).toBeUndefined();
  expect(await lag()).toMatchObject({ undelivered: 40, pending: 0, strandedPartitions: 1 });
  expect((await readBacklog(client, 0)).warehouseBytes).toBe(0);
  expect(await trimPartition(client, 0, undefined)).toBe(40);
});

it("says nothing of who loads: that is the warehouse's to say", async () => {
  await ensureWebhooksGroup(client, PARTITIONS);
  await add("a");
  await read(WEBHOOKS_GROUP);
  expect(await client.hget("{p00}:state", "loaded_by")).toBeNull();
  await read(WAREHOUSE_GROUP);
  expect(await client.hget("{p00}:state", "loaded_by")).toBe("test");
  expect(await client.exists(factsKey(0))).toBe(1);
});
