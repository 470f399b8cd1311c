import { connectRedis, waitUntilReady, type RedisClient } from "@tributary/streams";
import { startRedis as startServer } from "../../../../test/support/redis-server.ts";

/** A Redis server of this test's own, and a client of it. */
export async function startRedis(): Promise<{
  url: string;
  client: RedisClient;
  stop: () => Promise<void>;
}> {
  const server = await startServer();
  const client = connectRedis(server.url, { name: "test", commandTimeoutMs: 2000 });
  if (!(await waitUntilReady(client, 10_000))) throw new Error("redis-server does not answer");
  return {
    url: server.url,
    client,
    stop: async () => {
      client.disconnect();
      await server.close();
    },
  };
}
