/** The service in this process, over a real Redis and real receivers. */
import {
  BLOCK_FIELD,
  COUNT_FIELD,
  REASON_REFUND,
  resultsKey,
  WEBHOOKS_GROUP,
} from "@tributary/protocol";
import {
  agreeOnPlatform,
  connectRedis,
  conversionKey,
  ensureGroups,
  ensureWebhooksGroup,
  noteErasedConversions,
  readDeadLetters,
  readErasedConversions,
  type RedisClient,
  trimPartition,
  waitUntilReady,
} from "@tributary/streams";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../test/support/redis-server.ts";
import { readDeadDeliveries } from "../src/queue/dead-deliveries.ts";
import { DeliveryQueue, noteTenants } from "../src/queue/delivery-queue.ts";
import type { Result } from "./support/blocks.ts";
import { delivery } from "./support/deliveries.ts";
import { type Receiver, startReceiver } from "./support/receiver.ts";
import { appendResults, startService } from "./support/service.ts";

/** A conversion of tenant `default` as blocks have it. */
const noted = (id: string) => ({
  id,
  key: conversionKey({ tenant: "default", id, userKey: `user of ${id}`, anonymous: false }),
});
const PARTITIONS = 2;
const BOUNDS = { waitingBytes: 2 ** 20, deadBytes: 2 ** 20 };
let redis: RedisServer;
let client: RedisClient;
let cleanUp: (() => Promise<void>)[] = [];

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
  await ensureWebhooksGroup(client, PARTITIONS);
});
afterEach(async () => {
  for (const each of cleanUp.toReversed()) await each();
  cleanUp = [];
});

async function receiverOf(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
  const receiver = await startReceiver(...args);
  cleanUp.push(async () => receiver.close());
  return receiver;
}

/** @param urls by tenant */
function serviceOf(urls: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  const service = startService(client, PARTITIONS, urls, env);
  cleanUp.push(service.stop);
  return service;
}

const append = async (partition: number, results: readonly Result[]): Promise<void> =>
  appendResults(client, partition, results);

const named = (receiver: Receiver): string[] =>
  receiver.received.map(({ body: { data } }) => `${data.tenant} ${data.id} ${data.revision}`);

it("delivers each result once, and results of tenants without a receiver to nobody", async () => {
  const receiver = await receiverOf();
  serviceOf({ default: receiver.url });
  await append(0, [{ id: "a" }, { id: "s", tenant: "stranger" }]);
  await append(1, [{ id: "b" }]);
  await append(0, [{ id: "a", revision: 1, reason: REASON_REFUND, value: "50" }]);
  await expect.poll(() => named(receiver).length, { timeout: 5000 }).toBe(3);
  expect(named(receiver).filter((name) => name.includes(" a "))).toEqual([
    "default a 0",
    "default a 1",
  ]);
  const [pending] = await client.xpending(resultsKey(0), WEBHOOKS_GROUP);
  expect(pending).toBe(0);
});

it("a receiver that is away holds up nobody else, nor the trimming of results, and gets all in order when it is back", async () => {
  let isAway = true;
  const good = await receiverOf();
  const bad = await receiverOf((response) => {
    if (!isAway) response.writeHead(204);
    else response.writeHead(500);
    response.end();
  });
  const { server } = serviceOf({ good: good.url, bad: bad.url });
  for (const revision of [0, 1, 2]) {
    const results = ["a", "b", "c"].flatMap((id) => [
      { tenant: "good", id, revision },
      { tenant: "bad", id, revision },
    ]);
    await append(0, results);
  }
  await expect.poll(() => named(good).length, { timeout: 5000 }).toBe(9);
  await expect.poll(() => bad.received.length, { timeout: 5000 }).toBeGreaterThan(5);
  // Nothing behind the first ones was tried.
  expect(new Set(bad.received.map(({ body }) => body.data.revision))).toEqual(new Set([0]));
  const metrics = async (): Promise<string> => (await server.inject("/metrics")).body;
  await expect.poll(metrics).toMatch(/^tributary_webhook_waiting_deliveries 9$/m);
  expect(await metrics()).toMatch(/^tributary_lag_entries\{group="webhooks"\} 0$/m);
  // The warehouse has nothing acknowledged: only when it has, results go.
  expect(await trimPartition(client, 0, undefined)).toBe(0);
  await client.xgroup("SETID", resultsKey(0), "warehouse", "$");
  expect(await trimPartition(client, 0, undefined)).toBe(3);
  isAway = false;
  const ids = (): Set<string> =>
    new Set(bad.received.map(({ headers }) => String(headers["webhook-id"])));
  await expect
    .poll(metrics, { timeout: 10_000 })
    .toMatch(/^tributary_webhook_waiting_deliveries 0$/m);
  expect(ids().size).toBe(9);
  for (const id of ["a", "b", "c"]) {
    const of = bad.received
      .filter(({ body }) => body.data.id === id)
      .map(({ body }) => body.data.revision);
    expect(of).toEqual(of.toSorted((a, b) => a - b));
  }
});

it("different conversions go side by side up to the bound, those of one conversion never", async () => {
  const busy = new Map<string, number>();
  let [now, most] = [0, 0];
  const receiver = await receiverOf((response, { body: { data } }) => {
    expect(busy.get(data.id) ?? 0).toBe(0);
    busy.set(data.id, 1);
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      busy.set(data.id, 0);
      now -= 1;
      response.writeHead(204).end();
    }, 20);
  });
  serviceOf({ default: receiver.url }, { TRIBUTARY_WEBHOOK_MAX_IN_FLIGHT: "4" });
  for (const revision of [0, 1]) {
    await append(
      0,
      Array.from({ length: 20 }, (_, i) => ({ id: `c${i}`, revision })),
    );
  }
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(40);
  expect(most).toBe(4);
});

it("410, and attempts that are used up, make a delivery dead with its reason; retried, it is sent", async () => {
  let status = 410;
  const receiver = await receiverOf((response, { body }) =>
    response.writeHead(body.data.id === "gone" ? status : status === 204 ? 204 : 422).end(),
  );
  const { service } = serviceOf({ default: receiver.url }, { TRIBUTARY_WEBHOOK_MAX_ATTEMPTS: "3" });
  await append(0, [{ id: "gone" }, { id: "bad" }]);
  const dead = async () => {
    const found = [];
    for await (const each of readDeadDeliveries(client, "default", 10)) {
      found.push([each.body.data.id, each.reason, each.tries?.attempts]);
    }
    return found;
  };
  await expect.poll(dead, { timeout: 5000 }).toEqual([
    ["gone", "the answer was 410", 1],
    ["bad", "3 attempts failed; the answer was 422", 3],
  ]);
  status = 204;
  for await (const { id } of readDeadDeliveries(client, "default", 10)) {
    expect(await service.queues.get("default")?.retry(id)).toBe("retried");
  }
  await expect
    .poll(() => named(receiver).slice(4).toSorted(), { timeout: 5000 })
    .toEqual(["default bad 0", "default gone 0"]);
});

it("a receiver that asks for patience is not asked again before", async () => {
  const receiver = await receiverOf((response) => {
    if (receiver.received.length === 1) response.writeHead(429, { "retry-after": "2" });
    else response.writeHead(204);
    response.end();
  });
  serviceOf({ default: receiver.url });
  await append(0, [{ id: "a" }]);
  await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBe(1);
  await append(0, [{ id: "b" }]);
  await expect.poll(() => receiver.received.length, { timeout: 8000 }).toBe(3);
  const [first, second] = receiver.received;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1990);
});

it("one process sends at a time: another stands by, and goes on where the first one ends", async () => {
  const receiver = await receiverOf();
  const first = serviceOf({ default: receiver.url });
  await expect.poll(() => first.service.sends).toBe(true);
  const second = serviceOf({ default: receiver.url });
  await append(0, [{ id: "a" }]);
  await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBe(1);
  expect(second.service.sends).toBe(false);
  expect((await second.server.inject("/readyz")).json()).toEqual({ status: "ready", sends: false });
  const told = (await second.server.inject("/metrics")).body;
  expect(told).toMatch(/^tributary_webhook_sending 0$/m);
  expect(told).not.toMatch(/^tributary_lag_entries\{/m);
  await first.stop();
  cleanUp = cleanUp.filter((each) => each !== first.stop);
  await append(1, [{ id: "b" }]);
  await expect
    .poll(() => named(receiver), { timeout: 5000 })
    .toEqual(["default a 0", "default b 0"]);
  expect(second.service.sends).toBe(true);
});

it("a block that cannot be read is a dead letter of the group, and what is behind it is delivered", async () => {
  const receiver = await receiverOf();
  serviceOf({ default: receiver.url });
  await client.xadd(resultsKey(0), "*", COUNT_FIELD, 1, BLOCK_FIELD, "nonsense");
  await append(0, [{ id: "a" }]);
  await expect.poll(() => named(receiver), { timeout: 5000 }).toEqual(["default a 0"]);
  const [letter] = await readDeadLetters(client, 0, 10);
  expect(letter).toMatchObject({ stream: "results", group: WEBHOOKS_GROUP });
});

it("a group that a node of Redis has lost is made again from the beginning, and nothing is missed", async () => {
  const receiver = await receiverOf();
  serviceOf({ default: receiver.url });
  await append(0, [{ id: "a" }]);
  await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBe(1);
  await client.xgroup("DESTROY", resultsKey(0), WEBHOOKS_GROUP);
  await append(0, [{ id: "b" }]);
  // What was sent before may come once more, under the same ID.
  await expect
    .poll(() => new Set(named(receiver)), { timeout: 10_000 })
    .toEqual(new Set(["default a 0", "default b 0"]));
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
});

it("what a process had acknowledged and not released when it died is delivered by the next", async () => {
  const receiver = await receiverOf();
  const queue = new DeliveryQueue(client, "default", { waitingBytes: 2 ** 20, deadBytes: 2 ** 20 });
  await queue.enqueue([delivery("a", 0)], 1);
  // Read, and not acknowledged: it comes again, and finds its delivery.
  await append(0, [{ id: "b" }]);
  const args = ["GROUP", WEBHOOKS_GROUP, "sender", "COUNT", 10, "STREAMS", resultsKey(0), ">"];
  await client.call("XREADGROUP", args);
  serviceOf({ default: receiver.url });
  await expect
    .poll(() => named(receiver).toSorted(), { timeout: 5000 })
    .toEqual(["default a 0", "default b 0"]);
});

it("tells receivers of erased conversions, as the last that they hear of them, and sends nothing more of those that wait", async () => {
  let isAway = true;
  const taken: string[] = [];
  const receiver = await receiverOf((response, { body }) => {
    if (!isAway) taken.push(`${body.type} ${body.data.id}`);
    response.writeHead(isAway ? 503 : 204).end();
  });
  await new DeliveryQueue(client, "gone", BOUNDS).enqueue([delivery("x", 0)], 0);
  await noteTenants(client, ["default", "gone"]);
  serviceOf({ default: receiver.url });
  await append(0, [{ id: "a" }, { id: "b" }]);
  await expect.poll(() => named(receiver).length, { timeout: 5000 }).toBeGreaterThan(2);
  await noteErasedConversions(client, "default", [noted("a"), noted("never attributed")]);
  await noteErasedConversions(client, "gone", [noted("x")]);
  await noteErasedConversions(client, "stranger", [noted("y")]);
  await expect.poll(async () => readErasedConversions(client, 10), { timeout: 5000 }).toEqual([]);
  isAway = false;
  // Read from Redis behind the erasure, as by a service that was away.
  await append(1, [{ id: "a", revision: 1, reason: REASON_REFUND, value: "50" }]);
  await expect
    .poll(() => taken.toSorted(), { timeout: 5000 })
    .toEqual([
      "conversion.attributed b",
      "conversion.erased a",
      "conversion.erased never attributed",
    ]);
  await expect
    .poll(async () => (await new DeliveryQueue(client, "default", BOUNDS).size()).waiting)
    .toBe(0);
  expect(taken).toHaveLength(3);
  await new DeliveryQueue(client, "gone", BOUNDS).sweep(0);
  expect(await new DeliveryQueue(client, "gone", BOUNDS).size()).toMatchObject({ waiting: 0 });
});
