import { setTimeout as sleep } from "node:timers/promises";
import { deadLettersKey, eventsKey, factsKey, packErasure, stateKey } from "@tributary/protocol";
import { createLogger } from "@tributary/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  drainMember,
  ensureGroups,
  GroupMember,
  type PartitionProcessor,
  OutOfMemoryError,
  PoisonEntryError,
  readGroups,
  readLag,
  type RedisClient,
  type StreamEntry,
  totalLag,
  undrainMember,
  waitUntilReady,
} from "../../src/index.ts";

const PARTITIONS = 4;
let redis: RedisServer;
let client: RedisClient;
const logger = createLogger({ service: "test", instance: "t", level: "silent" });

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
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
});

/** Counts events into facts and books; can be told to fail. */
class CountingProcessor implements PartitionProcessor {
  readonly seen: string[] = [];
  restored = 0;
  forgetFails: ((partition: number) => boolean) | undefined;
  fail: ((entries: readonly StreamEntry[]) => Error | undefined) | undefined;
  /** Runs while a batch is computed. */
  processes: (() => Promise<unknown>) | undefined;
  tries = 0;
  /** Entries that a batch takes, as where the results of more would be too large. */
  mostEntries = Infinity;

  async restore(_partition: number, blocks: readonly StreamEntry[]) {
    this.restored += blocks.length;
  }
  async forget(partition: number) {
    if (this.forgetFails?.(partition) === true) throw new Error("the thread does not answer");
  }
  async process(_partition: number, entries: readonly StreamEntry[]) {
    await this.processes?.();
    this.tries += 1;
    const error = this.fail?.(entries);
    if (error !== undefined) throw error;
    const taken = entries.slice(0, this.mostEntries);
    for (const { block } of taken) this.seen.push(Buffer.from(block).toString());
    return {
      entries: taken.length,
      facts: { count: taken.length, bytes: Buffer.from("f") },
      results: [],
      books: new Map([["books:default:processed", taken.length]]),
    };
  }
  committed() {
    return { factsFrom: undefined, rebuild: false };
  }
}

function member(worker: string, processor: PartitionProcessor, own = client): GroupMember {
  return new GroupMember(
    own,
    processor,
    {
      worker,
      partitions: PARTITIONS,
      leaseMs: 900,
      heartbeatMs: 100,
      consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 200, trimIntervalMs: 50 },
    },
    logger,
  );
}

async function add(count: number, from = 0): Promise<void> {
  for (let i = from; i < from + count; i += 1)
    await client.xadd(eventsKey(i % PARTITIONS), "*", "n", 1, "b", `e${i}`);
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`not within 10 s: ${what}`);
}

async function processed(): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, p) =>
      client.hget(stateKey(p), "books:default:processed"),
    ),
  );
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

const drained = async (): Promise<boolean> => {
  const { undelivered, pending } = totalLag(await readLag(client, PARTITIONS));
  return undelivered + pending === 0;
};

describe("a member of the group", () => {
  it("processes what waits and what comes, each entry once, and frees it", async () => {
    await add(20);
    const processor = new CountingProcessor();
    const one = member("w1", processor);
    one.start();
    await until(drained, "all processed");
    await add(20, 20);
    await until(drained, "all processed");
    expect(await processed()).toBe(40);
    expect(new Set(processor.seen).size).toBe(40);
    await until(async () => (await client.xlen(eventsKey(0))) === 0, "trimmed");
    await one.stop();
    expect(await client.exists("{p00}:lease", "{p01}:lease", "{p02}:lease", "{p03}:lease")).toBe(0);
  });

  it("commits the entries that a batch took, and computes the others next", async () => {
    const events = Array.from({ length: 20 }, (_, i) => `e${i}`);
    for (const event of events) await client.xadd(eventsKey(0), "*", "n", 1, "b", event);
    const processor = new CountingProcessor();
    processor.mostEntries = 3;
    const isPoison = ({ block }: StreamEntry): boolean => Buffer.from(block).toString() === "e10";
    processor.fail = (entries) => {
      const index = entries.findIndex(isPoison);
      return index < 0 ? undefined : new PoisonEntryError(index, "cannot be decoded");
    };
    const one = member("w1", processor);
    one.start();
    onTestFinished(async () => one.stop());
    await until(drained, "all processed");
    expect(processor.seen).toEqual(events.filter((event) => event !== "e10"));
    expect(await processed()).toBe(19);
    expect(await client.xlen(deadLettersKey(0))).toBe(1);
    expect(await client.xlen(factsKey(0))).toBeGreaterThanOrEqual(7);
  });

  it("begins a batch with a message of erasures: what came before it is computed before", async () => {
    const id = "somebody";
    const asked = {
      tenant: "t",
      id,
      anonymous: false,
      receipt: new Uint8Array(16),
      anonymousIds: [],
    };
    const { bytes, rows } = packErasure(asked, PARTITIONS);
    const append = async (text: string | Buffer, m: number): Promise<unknown> =>
      client.xadd(eventsKey(0), "*", "n", 1, "m", m, "b", text);
    for (const text of ["e0", "e1"]) await append(text, 0);
    await append(bytes, rows);
    for (const text of ["e2", "message"]) await append(text, rows);
    await append(bytes, rows);
    const processor = new CountingProcessor();
    const batches: string[][] = [];
    processor.fail = (entries) => {
      batches.push(entries.map(({ block }) => Buffer.from(block).toString("latin1")));
      return undefined;
    };
    const one = member("w1", processor);
    one.start();
    await until(drained, "all processed");
    await one.stop();
    const erasure = bytes.toString("latin1");
    expect(batches).toEqual([["e0", "e1"], [erasure, "e2", "message"], [erasure]]);
  });

  it("shares the partitions with another that joins, and takes them back when that one leaves", async () => {
    const one = member("w1", new CountingProcessor());
    one.start();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all");
    const two = member("w2", new CountingProcessor());
    two.start();
    await until(() => one.owned.length === 2 && two.owned.length === 2, "shared");
    await add(40);
    await until(drained, "all processed");
    const startedAt = performance.now();
    await two.stop();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all again");
    expect(performance.now() - startedAt).toBeLessThan(5000);
    await add(10, 40);
    await until(drained, "all processed");
    expect(await processed()).toBe(50);
    await one.stop();
  });

  it("yields to another process that joins with its name, and has the name again when that one leaves", async () => {
    const one = member("same", new CountingProcessor());
    one.start();
    await until(() => one.owned.length === PARTITIONS, "the first owns all");
    const two = member("same", new CountingProcessor());
    two.start();
    await until(() => one.replaced && one.owned.length === 0, "the first yields");
    await until(() => two.owned.length === PARTITIONS, "the second owns all");
    const epochs = async (): Promise<(string | null)[]> =>
      Promise.all(
        Array.from({ length: PARTITIONS }, async (_, p) => client.hget(stateKey(p), "epoch")),
      );
    const before = await epochs();
    for (let i = 0; i < 20; i += 1) {
      await add(2, 2 * i);
      await sleep(50);
    }
    await until(drained, "all processed");
    expect(await epochs()).toEqual(before);
    expect(two.replaced).toBe(false);
    await two.stop();
    await until(() => !one.replaced && one.owned.length === PARTITIONS, "the first owns all again");
    await add(10, 40);
    await until(drained, "all processed");
    expect(await processed()).toBe(50);
    await one.stop();
    expect(await readGroups(client, PARTITIONS)).toMatchObject({ attribution: { members: [] } });
  });

  it("does not hold against an entry that partitions were lost while it was tried alone", async () => {
    await add(1);
    const key = eventsKey(0);
    const read = async (): Promise<unknown> =>
      client.xreadgroup("GROUP", "attribution", "slow", "STREAMS", key, ">");
    await read();
    // So often that it is tried alone, and every time another takes the partition meanwhile.
    for (let i = 0; i < 8; i += 1) {
      await client.xautoclaim(key, "attribution", "slow", 0, "0");
      const processor = new CountingProcessor();
      processor.processes = async () => {
        await client.set("{p00}:lease", "somebody", "PX", 60);
        await client.hincrby(stateKey(0), "epoch", 1);
      };
      const one = member(`w${i}`, processor);
      one.start();
      await until(() => processor.tries > 0, "tried");
      await one.stop();
      await client.del("{p00}:lease");
    }
    const one = member("last", new CountingProcessor());
    one.start();
    await until(drained, "all processed");
    await one.stop();
    expect(await processed()).toBe(1);
    expect(await client.xlen(deadLettersKey(0))).toBe(0);
  });

  it("claims what a dead owner had read", async () => {
    await add(8);
    for (let p = 0; p < PARTITIONS; p += 1) {
      await client.xreadgroup("GROUP", "attribution", "dead", "STREAMS", eventsKey(p), ">");
    }
    const one = member("w1", new CountingProcessor());
    one.start();
    await until(drained, "all processed");
    expect(await processed()).toBe(8);
    await one.stop();
  });

  it("finds entries that a fenced worker read behind its back", async () => {
    const one = member("w1", new CountingProcessor());
    one.start();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all");
    await client
      .multi()
      .xadd(eventsKey(0), "*", "n", 1, "b", "stolen")
      .xreadgroup("GROUP", "attribution", "zombie", "STREAMS", eventsKey(0), ">")
      .exec();
    await add(4, 4);
    await until(drained, "all processed");
    expect(await processed()).toBe(5);
    await one.stop();
  });

  it("computes again what a failed node took with it: commit, facts and acknowledgement together", async () => {
    const processor = new CountingProcessor();
    const one = member("w1", processor);
    one.start();
    await add(1);
    await until(async () => (await drained()) && (await processed()) === 1, "the first processed");
    // What a replica may have when it takes over: the event, and nothing of its processing.
    const keys = [eventsKey(0), factsKey(0), stateKey(0)];
    const before = client.multi().xadd(keys[0] ?? "", "*", "n", 1, "b", "again");
    for (const key of keys) before.dumpBuffer(key);
    const dumps = ((await before.exec()) ?? []).slice(1).map(([, dump]) => dump as Buffer);
    await until(async () => (await processed()) === 2, "the second processed");
    const failover = client.multi();
    for (const [i, key] of keys.entries()) failover.restore(key, 0, dumps[i] ?? "", "REPLACE");
    await failover.exec();

    await until(async () => (await drained()) && (await processed()) === 2, "processed again");
    expect(await client.xlen(factsKey(0))).toBe(2);
    expect(processor.restored).toBeGreaterThan(0);
    expect(await client.hget(stateKey(0), "epoch")).toBe("2");
    await one.stop();
  });

  it("puts an entry that cannot be decoded aside, and one that crashes it twice, and goes on", async () => {
    const processor = new CountingProcessor();
    const holds = (entries: readonly StreamEntry[], text: string): number =>
      entries.findIndex(({ block }) => Buffer.from(block).toString() === text);
    processor.fail = (entries) => {
      const bad = holds(entries, "e4");
      if (bad >= 0) return new PoisonEntryError(bad, "not an entry");
      return holds(entries, "e9") >= 0 ? new Error("the thread died") : undefined;
    };
    await add(24);
    const one = member("w1", processor);
    one.start();
    await until(drained, "all processed");
    expect(await processed()).toBe(22);
    const letters = [
      ...(await client.xrange(deadLettersKey(0), "-", "+")),
      ...(await client.xrange(deadLettersKey(1), "-", "+")),
    ];
    expect(letters.map(([, fields]) => fields[fields.indexOf("reason") + 1])).toEqual([
      "not an entry",
      "crashed the compute thread twice",
    ]);
    await one.stop();
  });

  it("holds it against no entry that memory ran out, and tries the entries one by one", async () => {
    const processor = new CountingProcessor();
    const batches: number[] = [];
    let full = 5;
    processor.fail = (entries) => {
      batches.push(entries.length);
      if (full === 0) return undefined;
      full -= 1;
      return new OutOfMemoryError(0);
    };
    for (const text of ["a", "b", "c"]) await client.xadd(eventsKey(0), "*", "n", 1, "b", text);
    const one = member("w1", processor);
    one.start();
    await until(drained, "all processed");
    expect(await processed()).toBe(3);
    expect(await client.xlen(deadLettersKey(0))).toBe(0);
    expect(batches).toEqual([3, 1, 1, 1, 1, 1, 1, 1]);
    await one.stop();
  });

  it("finds a partition stuck that fails and is rebuilt again and again", async () => {
    const processor = new CountingProcessor();
    processor.fail = () => new OutOfMemoryError(0);
    await client.xadd(factsKey(1), "*", "n", 1, "b", "f");
    const one = member("w1", processor);
    one.start();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all");
    await client.xadd(eventsKey(1), "*", "n", 1, "b", "a");
    await until(() => one.stalledFor(1500).length > 0, "found");
    expect(one.stalledFor(1500)).toEqual([1]);
    await one.stop();
  });

  it("that is drained hands its partitions over and owns none, until it is undrained", async () => {
    const [one, two] = [
      member("w1", new CountingProcessor()),
      member("w2", new CountingProcessor()),
    ];
    one.start();
    two.start();
    await until(() => one.owned.length === 2 && two.owned.length === 2, "shared");
    const startedAt = performance.now();
    expect(await drainMember(client, "attribution", "w1")).toBe("ok");
    await until(() => two.owned.length === PARTITIONS, "w2 owns all");
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect([one.draining, one.owned]).toEqual([true, []]);
    expect(await drainMember(client, "attribution", "w2")).toBe("last");
    expect(await drainMember(client, "attribution", "w3")).toBe("unknown");
    expect((await readGroups(client, PARTITIONS)).attribution).toMatchObject({
      members: [
        { name: "w1", draining: true, partitions: [] },
        { name: "w2", draining: false, partitions: [0, 1, 2, 3], secondsSinceCommit: null },
      ],
    });
    await add(20);
    await until(drained, "all processed");
    const after = (await readGroups(client, PARTITIONS)).attribution;
    expect(after.members[1]?.secondsSinceCommit).toBeLessThan(5);
    expect(after.leases[0]?.leftMs).toBeGreaterThan(0);
    expect(await undrainMember(client, "attribution", "w1")).toBe(true);
    expect(await undrainMember(client, "attribution", "w1")).toBe(false);
    await until(() => one.owned.length === 2, "w1 has its share");
    await Promise.all([one.stop(), two.stop()]);
  });

  it("that is started again takes part, whatever was asked of the one before", async () => {
    const one = member("w1", new CountingProcessor());
    const two = member("w2", new CountingProcessor());
    one.start();
    two.start();
    await until(() => one.owned.length === 2 && two.owned.length === 2, "shared");
    await drainMember(client, "attribution", "w1");
    await until(() => two.owned.length === PARTITIONS, "w2 owns all");
    await one.stop();
    const again = member("w1", new CountingProcessor());
    again.start();
    await until(() => again.owned.length === 2, "shared again");
    await Promise.all([again.stop(), two.stop()]);
  });

  it("finds a partition stuck whose batch is not computed, and no idle one", async () => {
    const processor = new CountingProcessor();
    let goOn = (): void => undefined;
    processor.processes = async () => new Promise<void>((resolve) => (goOn = resolve));
    const one = member("w1", processor);
    one.start();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all");
    await client.xadd(eventsKey(2), "*", "n", 1, "b", "slow");
    await until(() => one.stalledFor(1000).length > 0, "found");
    expect(one.stalledFor(1000)).toEqual([2]);
    goOn();
    await until(() => one.stalledFor(1000).length === 0, "well again");
    expect(await processed()).toBe(1);
    await one.stop();
  });

  it("finds a partition stuck whose loop ends with an error again and again", async () => {
    const processor = new CountingProcessor();
    const one = member("w1", processor);
    processor.forgetFails = (partition) => partition === 1;
    one.start();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all");
    // A new epoch ends the loop; that it is taken again at once must not look like progress.
    const fence = setInterval(() => void client.hincrby(stateKey(1), "epoch", 1), 250);
    onTestFinished(() => clearInterval(fence));
    await until(() => one.stalledFor(900).includes(1), "found");
    expect(one.stalledFor(900)).toEqual([1]);
    await one.stop();
  });

  it("waits while Redis is away and goes on when it is back, with nothing lost", async () => {
    const server = await startRedis();
    const own = connectRedis(server.url, { name: "own", commandTimeoutMs: 500 });
    await waitUntilReady(own, 5000);
    await agreeOnPlatform(own, PARTITIONS);
    await ensureGroups(own, PARTITIONS);
    const one = member("w1", new CountingProcessor(), own);
    one.start();
    await until(() => one.owned.length === PARTITIONS, "w1 owns all");
    await own.xadd(eventsKey(1), "*", "n", 1, "b", "a");
    await until(async () => (await own.hget(stateKey(1), "entries")) === "1", "the first entry");
    await sleep(1200); // the append-only file is synced each second
    await server.kill();
    await sleep(300);
    await server.start();
    await waitUntilReady(own, 5000);
    await own.xadd(eventsKey(1), "*", "n", 1, "b", "b");
    await until(async () => (await own.hget(stateKey(1), "entries")) === "2", "the second entry");
    await one.stop();
    own.disconnect();
    await server.close();
  });
});
