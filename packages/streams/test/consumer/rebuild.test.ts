import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey, factsKey } from "@tributary/protocol";
import { createLogger } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  GroupMember,
  MemoryLostError,
  waitUntilReady,
  type StreamEntry,
} from "../../src/index.ts";

test("a rebuild reads no facts that are over, though the warehouse still needs them in the log", async () => {
  const redis = await startRedis();
  onTestFinished(async () => redis.close());
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  onTestFinished(() => client.disconnect());
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, 1);
  await ensureGroups(client, 1);
  const ids: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    ids.push(String(await client.xadd(factsKey(0), "*", "n", 1, "b", `f${i}`)));
  }
  const factsFrom = ids[30];

  /** What each rebuild read; the first is the takeover's. */
  const rebuilds: string[][] = [];
  const processor = {
    forget: async () => void rebuilds.push([]),
    restore: async (_partition: number, blocks: readonly StreamEntry[]) => {
      rebuilds.at(-1)?.push(...blocks.map(({ id }) => id));
    },
    process: async () => ({ facts: undefined, results: [], books: new Map<string, number>() }),
    committed: () => ({ factsFrom, rebuild: rebuilds.length === 1 }),
  };
  const member = new GroupMember(
    client,
    processor,
    {
      worker: "w1",
      partitions: 1,
      leaseMs: 900,
      heartbeatMs: 100,
      consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 200, trimIntervalMs: 0 },
    },
    createLogger({ service: "test", instance: "t", level: "silent" }),
  );
  member.start();
  onTestFinished(async () => member.stop());
  await client.xadd(eventsKey(0), "*", "n", 1, "b", "e");
  for (let i = 0; i < 500 && rebuilds[1]?.length !== 10; i += 1) await sleep(10);

  expect(await client.xlen(factsKey(0))).toBe(40);
  expect(rebuilds).toEqual([ids, ids.slice(30)]);
});

test("a rebuild whose memory is lost between two pages begins again with the first", async () => {
  const redis = await startRedis();
  onTestFinished(async () => redis.close());
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  onTestFinished(() => client.disconnect());
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, 1);
  await ensureGroups(client, 1);
  const ids: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    ids.push(String(await client.xadd(factsKey(0), "*", "n", 1, "b", `f${i}`)));
  }
  /** What each rebuild read. */
  const rebuilds: string[][] = [];
  const processor = {
    forget: async () => undefined,
    restore: async (_partition: number, blocks: readonly StreamEntry[], begins: boolean) => {
      if (begins) rebuilds.push([]);
      else if (rebuilds.length === 1 && rebuilds[0]?.length === 16) throw new MemoryLostError(0);
      rebuilds.at(-1)?.push(...blocks.map(({ id }) => id));
    },
    process: async () => ({ facts: undefined, results: [], books: new Map<string, number>() }),
    committed: () => ({ factsFrom: undefined, rebuild: false }),
  };
  const member = new GroupMember(
    client,
    processor,
    {
      worker: "w1",
      partitions: 1,
      leaseMs: 900,
      heartbeatMs: 100,
      consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 200, restorePageBytes: 1 },
    },
    createLogger({ service: "test", instance: "t", level: "silent" }),
  );
  member.start();
  onTestFinished(async () => member.stop());
  for (let i = 0; i < 500 && rebuilds[1]?.length !== 20; i += 1) await sleep(10);
  expect(rebuilds).toEqual([ids.slice(0, 16), ids]);
});
