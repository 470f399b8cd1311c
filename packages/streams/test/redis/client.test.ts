import { afterAll, beforeAll, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { clientUse, connectRedis, waitUntilReady } from "../../src/index.ts";

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis?.close());

it("a client says how many connections take commands, and how many commands are not answered", async () => {
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  try {
    expect(clientUse(client).connections).toBe(0);
    await waitUntilReady(client, 5000);
    expect(clientUse(client)).toEqual({ connections: 1, commands: 0 });
    const waiting = [client.blpop("nothing", 0.05), client.ping(), client.ping()];
    expect(clientUse(client)).toEqual({ connections: 1, commands: 3 });
    await Promise.all(waiting);
    expect(clientUse(client).commands).toBe(0);
  } finally {
    client.disconnect();
  }
});
