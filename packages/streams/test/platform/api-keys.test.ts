import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { createApiKey, listApiKeys } from "../../src/platform/api-keys.ts";
import { connectRedis, type RedisClient, waitUntilReady } from "../../src/redis/client.ts";

let redis: RedisServer;
let client: RedisClient;
beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 1000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});

/** Two keys whose hashes share their first 32 bits, found by trying. */
function twins(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i += 1) {
    const key = `tw_${i}`;
    const head = createHash("sha256").update(key).digest().readUInt32BE(0);
    const other = seen.get(head);
    if (other !== undefined) return [other, key];
    seen.set(head, key);
  }
}

it("never puts a key in the place of another one whose hash begins with the same 32 bits", async () => {
  const [first, second] = twins();
  const keys = [first, second, "tw_another"];
  const next = (): string => keys.shift() ?? "tw_none";
  const made = [
    await createApiKey(client, "write", { tenant: "acme", name: "a" }, next),
    await createApiKey(client, "write", { tenant: "globex", name: "b" }, next),
  ];
  expect(made.map(({ key }) => key)).toEqual([first, "tw_another"]);
  const { keys: stored } = await listApiKeys(client, "write");
  expect(stored.map(({ tenant }) => tenant).toSorted()).toEqual(["acme", "globex"]);
  expect(new Set(stored.map(({ id }) => id)).size).toBe(2);
});
