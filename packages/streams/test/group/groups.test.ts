import { factsKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  readGroups,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";

test("the groups are shown also where one is lost, or its stream", async () => {
  const redis = await startRedis();
  onTestFinished(async () => redis.close());
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  onTestFinished(() => client.disconnect());
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, 2);
  await ensureGroups(client, 2);
  for (const partition of [0, 1]) {
    await client.xadd(factsKey(partition), "*", "n", 1, "p", "1-1", "b", "f");
  }
  await new WarehouseFeed(client, { partitions: 2, consumer: "loader", maxEntries: 10 }).poll();
  const loaders = async () => (await readGroups(client, 2)).warehouse.members;
  expect(await loaders()).toMatchObject([{ name: "loader", pending: 2 }]);
  await client.xgroup("DESTROY", factsKey(0), WAREHOUSE_GROUP);
  expect(await loaders()).toMatchObject([{ name: "loader", pending: 1 }]);
  await client.flushall();
  expect(await loaders()).toEqual([]);
});
