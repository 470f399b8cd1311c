import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventsKey } from "@tributary/protocol";
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  type RedisClient,
  readLag,
  totalLag,
  waitUntilReady,
} from "@tributary/streams";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type RedisServer, startRedis } from "../../../test/support/redis-server.ts";
import { entryOf, NOW } from "./support/blocks.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const MB = 2 ** 20;
const PARTITIONS = 2;
const ENTRIES = 60;
const EVENTS_OF_ENTRY = 10_000;

let redis: RedisServer;
let client: RedisClient;
beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 10_000 });
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});

/** A real worker process, and what it tells. */
async function startWorker(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      REDIS_URL: redis.url,
      TRIBUTARY_PORT: "0",
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
      TRIBUTARY_THREADS: "1",
      OTEL_TRACES_EXPORTER: "none",
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (log += text));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
  };
  onTestFinished(stop);
  await until(() => log.includes("worker runs"), "the worker runs");
  const address = /"address":"([^"]+)"/.exec(log)?.[1] ?? "";
  const get = async (path: string) => {
    const response = await fetch(`${address}${path}`);
    return { status: response.status, text: await response.text() };
  };
  return {
    child,
    stop,
    get,
    log: () => log,
    async metric(name: string): Promise<number> {
      const { text } = await get("/metrics");
      return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
    },
  };
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(`not within 60 s: ${what}`);
}

async function processed(): Promise<number> {
  const states = await Promise.all(
    ["{p00}:state", "{p01}:state"].map(async (key) => client.hget(key, "books:default:processed")),
  );
  return states.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

test("a worker at its memory limit stops reading and says so, and nothing is lost when it is raised", async () => {
  const first = await startWorker({});
  await until(
    async () => (await first.metric("tributary_partitions_owned")) === PARTITIONS,
    "all taken",
  );
  const empty = (await first.metric("tributary_memory_resident_bytes")) / MB;
  await first.stop();

  const limit = String(Math.ceil(empty + 40));
  const bounded = await startWorker({ TRIBUTARY_MEMORY_LIMIT_MB: limit });
  for (let entry = 0; entry < ENTRIES; entry += 1) {
    const events = Array.from({ length: EVENTS_OF_ENTRY }, (_, i) => ({
      id: `event-${entry}-${i}`,
      type: "click",
      time: NOW - 100_000 + entry,
      userId: `user-${entry % 7}-${i}`,
      channel: "email",
    }));
    const key = eventsKey(entry % PARTITIONS);
    await client.xadd(key, "*", "n", EVENTS_OF_ENTRY, "b", Buffer.from(entryOf(events)));
  }
  await until(async () => (await bounded.metric("tributary_memory_full")) === 1, "memory is full");
  expect(bounded.child.exitCode).toBeNull();
  const ready = await bounded.get("/readyz");
  expect(ready.status).toBe(503);
  expect(ready.text).toContain(`of TRIBUTARY_MEMORY_LIMIT_MB=${limit}: nothing is read`);
  const health = await bounded.get("/healthz");
  expect([health.status, JSON.parse(health.text)]).toMatchObject([
    200,
    { status: "memory limit reached" },
  ]);
  expect(bounded.log()).toContain(`TRIBUTARY_MEMORY_LIMIT_MB=${limit}`);
  const { undelivered } = totalLag(await readLag(client, PARTITIONS));
  expect(undelivered).toBeGreaterThan(0);
  await bounded.stop();

  await startWorker({});
  await until(async () => (await processed()) === ENTRIES * EVENTS_OF_ENTRY, "all processed");
}, 120_000);

test("a worker whose limit leaves no room takes no partition, and says what it would need", async () => {
  const worker = await startWorker({ TRIBUTARY_MEMORY_LIMIT_MB: "1" });
  await until(
    async () => (await worker.metric("tributary_partitions_refused")) === PARTITIONS,
    "both are refused",
  );
  expect(worker.log()).toMatch(
    /partition 1 needs about \d+ MB, 0 MB left of TRIBUTARY_MEMORY_LIMIT_MB=1; add a worker or raise it/,
  );
  expect(await worker.metric("tributary_partitions_owned")).toBe(0);
});
