import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey, factsKey } from "@tributary/protocol";
import { WarehouseFeed } from "@tributary/streams";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const MB = 2 ** 20;
const BLOCK = Buffer.alloc(MB / 16, "b");

let redis: RedisServer;
let gateway: TestGateway;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis?.close());
afterEach(async () => {
  await gateway.client.call("CONFIG", ["SET", "maxmemory", "0"]);
  await gateway.client.flushall();
  await gateway.close();
});

let sent = 0;
/** Posts events of about a kilobyte each. */
async function post(events = 1) {
  const list = Array.from({ length: events }, () => ({
    id: `e${(sent += 1)}`,
    type: "click",
    time: Date.now(),
    userId: `user-${sent}`,
    properties: { note: "n".repeat(1000) },
  }));
  return gateway.server.inject({
    method: "POST",
    url: "/v1/events",
    payload: JSON.stringify(list),
    headers: { "content-type": "application/json" },
  });
}
async function fill(key: string, megabytes: number): Promise<void> {
  for (let i = 0; i < megabytes * 16; i += 1)
    await gateway.client.xadd(key, "*", "n", 1, "b", BLOCK);
}
async function answers(status: number) {
  for (let i = 0; i < 200; i += 1) {
    const answer = await post();
    if (answer.statusCode === status) return answer;
    await sleep(20);
  }
  throw new Error(`no ${status} within 4 s`);
}
const BACKLOG_FULL = (reason: RegExp) => ({
  error: { code: "backlog_full", reason: expect.stringMatching(reason) as string },
});

describe("a backlog over its bound is 503 with Retry-After", () => {
  it("of a partition, named with what it waits for, until the workers are through", async () => {
    gateway = await startGateway(redis.url, { TRIBUTARY_MAX_PARTITION_BACKLOG_MB: "1" });
    gateway.backlog.start();
    expect((await post()).statusCode).toBe(202);
    await fill(eventsKey(2), 2);
    const answer = await answers(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toMatchObject(
      BACKLOG_FULL(/^partition 2: 3 MB wait for the workers and 0 MB .* of a partition is 1 MB$/),
    );
    await gateway.client.xtrim(eventsKey(2), "MAXLEN", 0);
    await answers(202);
  });

  it("of all partitions together", async () => {
    gateway = await startGateway(redis.url, { TRIBUTARY_MAX_BACKLOG_MB: "3" });
    gateway.backlog.start();
    for (const partition of [0, 1, 2, 3]) await fill(eventsKey(partition), 1);
    expect((await answers(503)).json()).toMatchObject(
      BACKLOG_FULL(/^all partitions: \d MB wait for the workers .* all of them is 3 MB$/),
    );
  });

  it("of facts that the warehouse has not acknowledged, not of those that it has", async () => {
    gateway = await startGateway(redis.url, { TRIBUTARY_MAX_PARTITION_BACKLOG_MB: "1" });
    gateway.backlog.start();
    await fill(factsKey(1), 2);
    expect((await answers(503)).json()).toMatchObject(
      BACKLOG_FULL(/^partition 1: [01] MB wait for the workers and [23] MB for the warehouse/),
    );
    const { client } = gateway;
    const feed = new WarehouseFeed(client, { partitions: 4, consumer: "test", maxEntries: 1000 });
    const entries = await feed.poll();
    // Given to the loader, they still wait.
    await sleep(700);
    expect((await post()).statusCode).toBe(503);
    await feed.acknowledge(entries);
    await answers(202);
    expect(await client.xlen(factsKey(1))).toBe(32);
  });

  it("also between two looks: what the gateway itself sent is counted", async () => {
    // Its backlog is not started: it never looks.
    gateway = await startGateway(redis.url, { TRIBUTARY_MAX_BACKLOG_MB: "1" });
    let taken = 0;
    while ((await post(100)).statusCode === 202) taken += 1;
    expect(taken).toBeGreaterThan(5);
    expect(taken).toBeLessThan(12);
  });
});

describe("Redis at its maxmemory", () => {
  it("is 503 redis_full with Retry-After at once, and all is well when there is memory again", async () => {
    gateway = await startGateway(redis.url, { TRIBUTARY_REDIS_WAIT_MS: "20000" });
    const { client } = gateway;
    expect((await post()).statusCode).toBe(202);
    await client.call("CONFIG", ["SET", "maxmemory-policy", "noeviction"]);
    await client.call("CONFIG", ["SET", "maxmemory", "1mb"]);
    const answer = await post();
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "1"]);
    expect(answer.json()).toMatchObject({ error: { code: "redis_full" } });
    expect((await gateway.server.inject({ url: "/healthz" })).statusCode).toBe(200);
    await client.call("CONFIG", ["SET", "maxmemory", "0"]);
    await answers(202);
  });
});
