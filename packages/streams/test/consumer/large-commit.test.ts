/** Commits that are larger than they may be: the batch is split, and no partition stands still for one entry. */
import { setTimeout as sleep } from "node:timers/promises";
import { deadLettersKey, eventsKey, resultsKey, stateKey } from "@tributary/protocol";
import { createLogger } from "@tributary/telemetry";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  GroupMember,
  type RedisClient,
  type StreamEntry,
  waitUntilReady,
} from "../../src/index.ts";

const KB = 1024;
let redis: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});
beforeEach(async () => {
  await client.flushall();
  await agreeOnPlatform(client, 1);
  await ensureGroups(client, 1);
});

/** Redis takes a command of at most a megabyte, as a whole and in each part: the least that can be set. */
async function lowerLimits(): Promise<void> {
  for (const name of ["proto-max-bulk-len", "client-query-buffer-limit"]) {
    const [, before = ""] = (await client.call("CONFIG", ["GET", name])) as string[];
    await client.call("CONFIG", ["SET", name, String(1024 * KB)]);
    onTestFinished(async () => void (await client.call("CONFIG", ["SET", name, before])));
  }
}

/** Runs a member over entries whose text is the size of their result in KB, until nothing of them waits. */
async function run(
  sizes: readonly number[],
  maxCommitBytes: number,
  whileComputed = async (_batch: number): Promise<void> => undefined,
): Promise<string[][]> {
  for (const size of sizes) {
    await client.xadd(eventsKey(0), "*", "n", 1, "b", String(size));
  }
  /** Entries that memory holds, and what each computed batch was. */
  let memory: string[] = [];
  const computed: string[][] = [];
  const processor = {
    forget: async () => void (memory = []),
    restore: async (_partition: number, blocks: readonly StreamEntry[]) =>
      void memory.push(...blocks.map(({ block }) => Buffer.from(block).toString())),
    process: async (_partition: number, entries: readonly StreamEntry[]) => {
      const texts = entries.map(({ block }) => Buffer.from(block).toString());
      computed.push(texts);
      memory.push(...texts);
      await whileComputed(computed.length);
      return {
        facts: { count: texts.length, bytes: Buffer.from(texts.join()) },
        results: [{ count: 1, bytes: Buffer.alloc(sum(texts) * KB) }],
        books: new Map([["books:default:processed", texts.length]]),
      };
    },
    committed: () => ({ factsFrom: undefined, rebuild: false }),
  };
  // A connection of the worker's own: Redis closes it on a command that is too large.
  const own = connectRedis(redis.url, { name: "worker", commandTimeoutMs: 2000 });
  onTestFinished(() => own.disconnect());
  await waitUntilReady(own, 5000);
  const member = new GroupMember(
    own,
    processor,
    {
      worker: "w1",
      partitions: 1,
      leaseMs: 900,
      heartbeatMs: 100,
      consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 200, maxCommitBytes },
    },
    createLogger({ service: "test", instance: "t", level: "silent" }),
  );
  member.start();
  onTestFinished(async () => member.stop());
  const done = async (): Promise<boolean> =>
    // While a test has spoiled the state it cannot be read.
    Number(await client.hget(stateKey(0), "entries").catch(() => 0)) === sizes.length;
  for (let i = 0; i < 750 && !(await done()); i += 1) await sleep(20);
  return computed;
}

const sum = (texts: readonly string[]): number =>
  texts.reduce((total, text) => total + Number(text), 0);

async function deadLetters(): Promise<string[]> {
  const letters = await client.xrange(deadLettersKey(0), "-", "+");
  return letters.map(([, fields]) => fields[fields.indexOf("reason") + 1] ?? "");
}

const processed = async (): Promise<number> =>
  Number(await client.hget(stateKey(0), "books:default:processed"));

test("a batch whose commit is larger than it may be is split, and its parts stay small", async () => {
  const computed = await run(
    Array.from({ length: 10 }, () => 300),
    1024 * KB,
  );
  expect([await processed(), await deadLetters()]).toEqual([10, []]);
  expect(await client.xlen(resultsKey(0))).toBe(5);
  // 8, 4, then 2 at a time: what was too large is not tried again with the next ones.
  expect(computed.map((texts) => texts.length)).toEqual([8, 4, 2, 2, 2, 2, 2]);
});

test("a commit that Redis refuses for its size is split", async () => {
  await lowerLimits();
  await run(
    Array.from({ length: 10 }, () => 300),
    64 * 1024 * KB,
  );
  expect([await processed(), await deadLetters()]).toEqual([10, []]);
});

test("an entry whose own commit Redis refuses for its size is a dead letter, and the others go on", async () => {
  await lowerLimits();
  await run([10, 20, 2000, 30], 64 * 1024 * KB);
  expect(await processed()).toBe(3);
  expect(await deadLetters()).toEqual([
    expect.stringMatching(/its commit of 2\.0 MB is more than/),
  ]);
});

test("a refusal that has nothing to do with size is not taken for a lost answer, nor held against the entry", async () => {
  // Somebody puts a string in the place of the partition's state, and takes it away again.
  const spoil = async (batch: number): Promise<void> => {
    if (batch > 1) return;
    await client.multi().rename(stateKey(0), "{p00}:kept").set(stateKey(0), "no hash").exec();
    setTimeout(() => void client.rename("{p00}:kept", stateKey(0)), 500);
  };
  const computed = await run([10, 20], 64 * 1024 * KB, spoil);
  expect([await processed(), await deadLetters()]).toEqual([2, []]);
  // Memory was ahead of a commit that came to nothing: computed again after a rebuild, not sent again for ever.
  expect(computed.length).toBeGreaterThan(1);
});
