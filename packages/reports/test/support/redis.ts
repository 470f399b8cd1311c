import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connectRedis, waitUntilReady, type RedisClient } from "@tributary/streams";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A Redis server of this machine's own, without persistence. */
export async function startRedis(): Promise<{
  url: string;
  client: RedisClient;
  stop: () => Promise<void>;
}> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const url = `redis://127.0.0.1:${port}`;
  const client = connectRedis(url, {
    name: "test",
    commandTimeoutMs: 2000,
  });
  if (!(await waitUntilReady(client, 10_000))) throw new Error("redis-server does not start");
  return {
    url,
    client,
    stop: async () => {
      client.disconnect();
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
