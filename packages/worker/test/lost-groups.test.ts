/** A real worker whose consumer groups are lost, set past events, or gone with everything else. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ATTRIBUTION_GROUP, eventsKey, resultsKey, stateKey } from "@tributary/protocol";
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  type RedisClient,
  waitUntilReady,
} from "@tributary/streams";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type RedisServer, startRedis } from "../../../test/support/redis-server.ts";
import { entryOf, NOW } from "./support/blocks.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const PARTITIONS = 2;

let redis: RedisServer;
let client: RedisClient;
beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 10_000 });
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
});

async function startWorker() {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      REDIS_URL: redis.url,
      TRIBUTARY_PORT: "0",
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
      TRIBUTARY_THREADS: "1",
      TRIBUTARY_LEASE_MS: "20000",
      OTEL_TRACES_EXPORTER: "none",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (log += text));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  await until(() => log.includes("worker runs"), "the worker runs");
  const address = /"address":"([^"]+)"/.exec(log)?.[1] ?? "";
  return {
    child,
    lines: (text: string): number => log.split("\n").filter((line) => line.includes(text)).length,
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${address}/metrics`)).text();
      return Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${name} `))
          ?.split(" ")[1],
      );
    },
    health: async (): Promise<number> => (await fetch(`${address}/healthz`)).status,
  };
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(`not within 30 s: ${what}`);
}

/** A click and a conversion of one user, as a gateway appends them. */
function visit(name: string): Buffer {
  const of = { userId: name };
  return Buffer.from(
    entryOf([
      { id: `${name}-1`, type: "click", time: NOW - 60_000, ...of, channel: "email" },
      { id: `${name}-2`, type: "conversion", time: NOW, ...of, value: "10", currency: "EUR" },
    ]),
  );
}

const append = async (name: string, partition = 0): Promise<unknown> =>
  client.xadd(eventsKey(partition), "*", "n", 2, "b", visit(name));

const books = async (account: string): Promise<number> => {
  const counts = await Promise.all(
    [0, 1].map(async (partition) => client.hget(stateKey(partition), `books:default:${account}`)),
  );
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
};

/** Conversions attributed in a partition. */
async function attributed(partition: number): Promise<number> {
  const entries = await client.xrangeBuffer(resultsKey(partition), "-", "+");
  return entries.reduce((sum, [, fields]) => {
    const names = fields.map(String);
    return sum + Number(names[names.indexOf("n") + 1]);
  }, 0);
}

test("groups that are lost are made again: what comes next is attributed, with one line a partition", async () => {
  const worker = await startWorker();
  await append("before", 0);
  await until(async () => (await books("processed")) === 2, "the first visit");
  for (const partition of [0, 1]) {
    await client.xgroup("DESTROY", eventsKey(partition), ATTRIBUTION_GROUP);
    await append(`after-${partition}`, partition);
  }
  await until(async () => (await books("processed")) === 6, "the visits that came after");
  expect([await attributed(0), await attributed(1)]).toEqual([2, 1]);
  expect([await books("duplicate"), await worker.health()]).toEqual([0, 200]);
  expect([worker.lines("consumer group was lost"), worker.lines("NOGROUP")]).toEqual([2, 0]);
  expect(
    await worker.metric('tributary_groups_mended_total{group="attribution",fault="lost"}'),
  ).toBe(2);
}, 90_000);

test("a group that is set past events while the worker hangs loses none of them", async () => {
  const worker = await startWorker();
  await append("before");
  await until(async () => (await books("processed")) === 2, "the first visit");
  worker.child.kill("SIGSTOP");
  await append("passed");
  await client.xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$");
  await append("next");
  worker.child.kill("SIGCONT");
  await until(async () => (await books("processed")) === 6, "all visits");
  expect([await attributed(0), await books("duplicate")]).toEqual([3, 0]);
  await until(async () => (await client.xlen(eventsKey(0))) === 0, "trimmed");
}, 90_000);

test("FLUSHALL is said and counted, and the worker goes on with what comes next", async () => {
  const worker = await startWorker();
  await append("before");
  await until(async () => (await books("processed")) === 2, "the first visit");
  await client.flushall();
  await append("after", 1);
  await until(async () => (await books("processed")) === 2, "the visit that came after");
  await until(
    async () => (await worker.metric('tributary_lost_keys_total{what="state"}')) === PARTITIONS,
    "both partitions are counted",
  );
  expect(await worker.metric('tributary_lost_keys_total{what="platform"}')).toBe(1);
  expect(worker.lines("committed state of partitions is gone")).toBeGreaterThan(0);
  expect(await worker.health()).toBe(200);
  expect(await attributed(1)).toBe(1);
}, 90_000);
