import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

/** A real Redis of a test's own, on a free port, with an append-only file in a folder of its own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Starts the server again, on the same port and folder. */
  start(): Promise<void>;
  /** Ends it: kill −9 loses what it had not written, as a crash does. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

/** Starts a server and waits until it answers. */
export async function startRedis(): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), "tributary-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      const started = spawn(
        "redis-server",
        [
          "--port",
          String(port),
          "--bind",
          "127.0.0.1",
          "--dir",
          dir,
          "--save",
          "",
          "--appendonly",
          "yes",
        ],
        { stdio: "ignore" },
      );
      child = started;
      await untilReady(port);
    },
    async kill(signal = "SIGKILL") {
      if (child === undefined || child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
      child = undefined;
    },
    async close() {
      await server.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function untilReady(port: number): Promise<void> {
  const client = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => 20 });
  client.on("error", () => undefined);
  try {
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const answer = await client.ping().catch(() => "");
      if (answer === "PONG") return;
      await sleep(20);
    }
    throw new Error("redis-server did not answer within 10 s");
  } finally {
    client.disconnect();
  }
}
