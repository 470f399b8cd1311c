import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey, factsKey, stateKey } from "@tributary/protocol";
import {
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  GroupMember,
  readLag,
  waitUntilReady,
} from "@tributary/streams";
import { createLogger } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../../test/support/redis-server.ts";
import { MemoryBudget } from "../../src/partition/memory-budget.ts";

const MB = 2 ** 20;

function budget(limitMb: number) {
  const state = { residentMb: 100, collected: 0, partitionMb: new Map<number, number>() };
  const lines: string[] = [];
  const memory = new MemoryBudget(
    {
      limitBytes: limitMb * MB,
      residentBytes: () => state.residentMb * MB,
      partitionBytes: (partition) => (state.partitionMb.get(partition) ?? 0) * MB,
      relief: () => ({ factsFrom: undefined, rebuild: false }),
      collect: async () => {
        state.collected += 1;
      },
    },
    createLogger({
      service: "test",
      instance: "t",
      level: "info",
      destination: { write: (line: string) => void lines.push(line) },
    }),
  );
  return { memory, state, lines };
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`not within 10 s: ${what}`);
}

test("at its limit nothing may be read, garbage is collected, and below 95 % it goes on", () => {
  const { memory, state, lines } = budget(200);
  memory.check();
  expect([memory.mayRead, memory.reason, state.collected]).toEqual([true, undefined, 0]);
  state.residentMb = 201;
  memory.check();
  memory.check();
  expect([memory.mayRead, memory.full, state.collected]).toEqual([false, true, 1]);
  expect(memory.reason).toBe(
    "memory is 201 MB of TRIBUTARY_MEMORY_LIMIT_MB=200: nothing is read until it falls",
  );
  state.residentMb = 195;
  memory.check();
  expect(memory.mayRead).toBe(false);
  state.residentMb = 150;
  memory.check();
  expect([memory.mayRead, memory.reason]).toEqual([true, undefined]);
  expect(lines).toHaveLength(2);
});

test("a partition that would not fit is refused with the numbers, once in the log; several are counted together", () => {
  const { memory, state, lines } = budget(200);
  expect(memory.mayTake(3, 60 * MB)).toBe(false);
  expect(memory.mayTake(3, 60 * MB)).toBe(false);
  const reason =
    "partition 3 needs about 150 MB, 100 MB left of TRIBUTARY_MEMORY_LIMIT_MB=200; add a worker or raise it";
  expect([memory.refused, memory.reason]).toEqual([[3], reason]);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([reason]);
  // 75 MB are set aside for one; the other would not fit beside it until it is rebuilt in less.
  expect(memory.mayTake(4, 30 * MB)).toBe(true);
  expect(memory.mayTake(5, 30 * MB)).toBe(false);
  state.residentMb = 120;
  state.partitionMb.set(4, 20);
  expect(memory.mayTake(5, 30 * MB)).toBe(false);
  memory.rebuilt(4);
  expect(memory.mayTake(5, 30 * MB)).toBe(true);
  expect(memory.refused).toEqual([3]);
  // It is another worker's now.
  memory.released(3);
  expect(memory.reason).toBeUndefined();
});

test("a member at the limit reads nothing and takes nothing that would not fit, and goes on below it", async () => {
  const redis = await startRedis();
  onTestFinished(async () => redis.close());
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 10_000 });
  onTestFinished(() => client.disconnect());
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, 2);
  await ensureGroups(client, 2);
  await client.xadd(factsKey(1), "*", "n", 1, "b", Buffer.alloc(60 * MB));
  const { memory, state } = budget(200);
  const processor = {
    restore: async () => undefined,
    forget: async () => undefined,
    process: async () => ({
      facts: undefined,
      results: [],
      books: new Map([["books:default:processed", 1]]),
    }),
    committed: () => ({ factsFrom: undefined, rebuild: false }),
  };
  const member = new GroupMember(
    client,
    processor,
    {
      worker: "w1",
      partitions: 2,
      leaseMs: 900,
      heartbeatMs: 100,
      consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 100, admission: memory },
    },
    createLogger({ service: "test", instance: "t", level: "silent" }),
  );
  member.start();
  onTestFinished(async () => member.stop());
  const processed = async (): Promise<number> =>
    Number(await client.hget(stateKey(0), "books:default:processed"));
  await until(() => memory.refused.length > 0 && member.owned.length > 0, "one partition taken");
  expect([member.owned, memory.refused]).toEqual([[0], [1]]);
  await client.xadd(eventsKey(0), "*", "n", 1, "b", "e1");
  await until(async () => (await processed()) === 1, "read while there is memory");

  state.residentMb = 201;
  memory.check();
  // A read that waits already may still give one entry.
  await sleep(300);
  const before = await processed();
  await client.xadd(eventsKey(0), "*", "n", 1, "b", "e2");
  await sleep(500);
  expect(await processed()).toBe(before);
  const [lag] = await readLag(client, 2);
  expect(lag).toMatchObject({ undelivered: 1, pending: 0, owner: "w1" });
  // Were it not for the memory, the partition would have been stalled since the limit was reached, and ever longer.
  await until(() => member.stalledFor(400).length === 0, "not stalled: it waits for memory");

  state.residentMb = 10;
  memory.check();
  await until(async () => (await processed()) === before + 1, "read again");
  await until(() => member.owned.length === 2, "the other partition taken");
  expect(memory.reason).toBeUndefined();
});
