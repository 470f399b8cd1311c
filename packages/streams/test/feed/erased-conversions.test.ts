import { afterAll, beforeAll, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  connectRedis,
  forgetErasedConversions,
  noteErasedConversions,
  readErasedConversions,
  type RedisClient,
  waitUntilReady,
} from "../../src/index.ts";

let redis: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
  await client.sadd("tributary:{webhooks}:tenants", "default");
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});

it("are noted in entries of a bounded size, of tenants with webhooks alone, until they are done with", async () => {
  const conversions = Array.from({ length: 2500 }, (_, i) => ({
    id: `c${i}, "quoted"`,
    key: `k${i}`,
  }));
  await noteErasedConversions(client, "default", conversions);
  await noteErasedConversions(client, "default", []);
  await noteErasedConversions(client, "stranger", [{ id: "c", key: "k" }]);
  const noted = await readErasedConversions(client, 10);
  expect(noted.map((of) => [of.tenant, of.conversions.length])).toEqual([
    ["default", 1000],
    ["default", 1000],
    ["default", 500],
  ]);
  expect(noted.flatMap((of) => of.conversions)).toEqual(conversions);
  expect(Math.abs((noted[0]?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(await readErasedConversions(client, 1)).toEqual(noted.slice(0, 1));
  for (const of of noted) await forgetErasedConversions(client, of);
  expect(await readErasedConversions(client, 10)).toEqual([]);
});
