import { factsKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { agreeOnPlatform, ensureGroups, type RedisClient, WarehouseFeed } from "@tributary/streams";
import { metricsText } from "@tributary/telemetry";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StreamWatch, strandedReason } from "../../src/watch/stream-watch.ts";
import { quietTelemetry } from "../support/parts.ts";
import { startRedis } from "../support/redis.ts";

let client: RedisClient;
let stop: () => Promise<unknown>;
beforeAll(async () => {
  ({ client, stop } = await startRedis());
  await agreeOnPlatform(client, 2);
  await ensureGroups(client, 2);
});
afterAll(() => stop());

test("entries that are gone are counted and logged, once, and consumers of dead processes go", async () => {
  const { telemetry, logged } = quietTelemetry();
  const watch = new StreamWatch(client, telemetry, {
    partitions: 2,
    intervalMs: 20,
    consumerIdleMs: 0,
  });
  const add = async (): Promise<unknown> => client.xadd(factsKey(1), "*", "n", 1, "b", "x");
  const feed = new WarehouseFeed(client, { partitions: 2, consumer: "dead", maxEntries: 10 });
  await add();
  await feed.acknowledge(await feed.poll());
  for (let i = 0; i < 3; i += 1) await add();
  await client.xtrim(factsKey(1), "MAXLEN", 1);
  watch.start();
  await expect.poll(logged).toContain("info: idle consumers removed");
  await watch.check();
  await watch.stop();
  expect(logged().filter((line) => line.startsWith("error"))).toEqual([
    "error: entries were trimmed or deleted before they were done with",
  ]);
  const { body } = await metricsText(telemetry.metrics);
  expect(body).toContain('tributary_lost_entries_total{group="warehouse",cause="trimmed"} 2');
  const consumers = await client.xinfo("CONSUMERS", factsKey(1), WAREHOUSE_GROUP);
  expect(consumers).toEqual([]);
});

test("the service is not ready while entries wait that nobody is given", async () => {
  expect(await strandedReason(client, 2)).toBeUndefined();
  await client.xgroup("DESTROY", factsKey(1), WAREHOUSE_GROUP);
  expect(await strandedReason(client, 2)).toBe(
    "facts or results of partitions 1 wait that the group warehouse is not given: it is lost, or was set past them",
  );
  await ensureGroups(client, 2);
  expect(await strandedReason(client, 2)).toBeUndefined();
});
