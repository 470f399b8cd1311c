import { setTimeout as sleep } from "node:timers/promises";
import {
  ATTRIBUTION_GROUP,
  eventsKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { createLogger } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  GroupMember,
  waitUntilReady,
} from "../../src/index.ts";

const LEASE_MS = 900;
const WAITED_MS = LEASE_MS * 2;

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`not within 10 s: ${what}`);
}

test("a commit waits while Redis has no memory, and frees what the warehouse has; nobody loses a partition", async () => {
  const redis = await startRedis();
  onTestFinished(async () => redis.close());
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  onTestFinished(() => client.disconnect());
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, 1);
  await ensureGroups(client, 1);
  const setMemory = async (bytes: number) =>
    client.call("CONFIG", ["SET", "maxmemory", String(bytes)]);
  const usedMemory = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);

  // Results that are loaded and not trimmed yet: 4 MB that nobody needs.
  for (let i = 0; i < 64; i += 1)
    await client.xadd(resultsKey(0), "*", "n", 1, "b", Buffer.alloc(65_536));
  const args = ["GROUP", WAREHOUSE_GROUP, "w", "COUNT", 1000, "STREAMS", resultsKey(0), ">"];
  await client.call("XREADGROUP", args);
  await client.xadd(eventsKey(0), "*", "n", 1, "b", "e1");
  let computed = 0;
  const processor = {
    restore: async () => undefined,
    forget: async () => undefined,
    process: async () => {
      computed += 1;
      return {
        facts: { count: 1, bytes: Buffer.from("f") },
        results: [],
        books: new Map([["books:default:processed", 1]]),
      };
    },
    committed: () => ({ factsFrom: undefined, rebuild: false }),
  };
  await setMemory(await usedMemory());
  const member = new GroupMember(
    client,
    processor,
    {
      worker: "w1",
      partitions: 1,
      leaseMs: LEASE_MS,
      heartbeatMs: 100,
      consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 200 },
    },
    createLogger({ service: "test", instance: "t", level: "silent" }),
  );
  member.start();
  onTestFinished(async () => member.stop());
  await until(() => computed === 1, "the batch is computed");
  await sleep(WAITED_MS);
  expect(await client.hget(stateKey(0), "books:default:processed")).toBeNull();
  expect((await client.xpending(eventsKey(0), ATTRIBUTION_GROUP))[0]).toBe(1);
  expect([member.owned, await client.hget(stateKey(0), "epoch")]).toEqual([[0], "1"]);
  expect(member.stalledFor(WAITED_MS)).toEqual([]);
  expect(member.sinceHeartbeatMs).toBeLessThan(WAITED_MS);

  // The warehouse acknowledges: the waiting commit frees the results, and goes through.
  const pending = (await client.call("XPENDING", [
    resultsKey(0),
    WAREHOUSE_GROUP,
    "-",
    "+",
    1000,
  ])) as [string][];
  await client.xack(resultsKey(0), WAREHOUSE_GROUP, ...pending.map(([id]) => id));
  await until(
    async () => (await client.hget(stateKey(0), "books:default:processed")) === "1",
    "the commit goes through",
  );
  expect([computed, await client.hget(stateKey(0), "epoch")]).toEqual([1, "1"]);
});
