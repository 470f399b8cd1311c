/** Consumer groups that are lost or set past entries, and what goes with them: the worker finds its way back by itself. */
import { setTimeout as sleep } from "node:timers/promises";
import { Writable } from "node:stream";
import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  PLATFORM_KEY,
  stateKey,
} from "@tributary/protocol";
import { createLogger } from "@tributary/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  GroupMember,
  type PartitionProcessor,
  type RedisClient,
  releaseLease,
  type StreamEntry,
  waitUntilReady,
} from "../../src/index.ts";

const PARTITIONS = 2;
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
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
});

/** Remembers what it computed, and how often. */
class RememberingProcessor implements PartitionProcessor {
  readonly seen: string[] = [];
  async restore() {}
  async forget() {}
  async process(_partition: number, entries: readonly StreamEntry[]) {
    this.seen.push(...entries.map(({ block }) => Buffer.from(block).toString()));
    const events = entries.length;
    return {
      facts: { count: events, bytes: Buffer.from("f") },
      results: [],
      books: new Map([["books:default:processed", events]]),
    };
  }
  committed() {
    return { factsFrom: undefined, rebuild: false };
  }
}

/** A worker, what it computes, what it logs, and what it says of its data. */
function startWorker(worker = "w1") {
  const processor = new RememberingProcessor();
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trim().split("\n"));
      done();
    },
  });
  const mended: string[] = [];
  const lost: string[] = [];
  const member = new GroupMember(
    client,
    processor,
    {
      worker,
      partitions: PARTITIONS,
      leaseMs: 900,
      heartbeatMs: 100,
      consumer: {
        ...DEFAULT_CONSUMER_OPTIONS,
        blockMs: 200,
        trimIntervalMs: 50,
        observer: {
          groupMended: (partition, fault) => mended.push(`${partition} ${fault}`),
          dataLost: (what) => lost.push(what),
        },
      },
    },
    createLogger({ service: "test", instance: "t", level: "info", destination }),
  );
  member.start();
  onTestFinished(async () => member.stop());
  const logged = (text: string): number => lines.filter((line) => line.includes(text)).length;
  return { member, seen: processor.seen, lines, logged, mended, lost };
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`not within 10 s: ${what}`);
}

const add = async (text: string, partition = 0): Promise<string> =>
  String(await client.xadd(eventsKey(partition), "*", "n", 1, "b", text));

const processed = async (partition = 0): Promise<number> =>
  Number((await client.hget(stateKey(partition), "books:default:processed")) ?? 0);

describe("a worker whose group is lost", () => {
  it("makes it again, once, and computes nothing twice of what is still in the stream", async () => {
    // A group of somebody's own keeps the entries in the stream.
    await client.xgroup("CREATE", eventsKey(0), "archive", "0");
    const one = startWorker();
    for (const text of ["a", "b", "c"]) await add(text);
    await until(async () => (await processed()) === 3, "the first three");
    await client.xgroup("DESTROY", eventsKey(0), ATTRIBUTION_GROUP);
    await add("d");
    await until(async () => (await processed()) === 4, "the one that came after");
    await sleep(1000);
    expect(one.seen).toEqual(["a", "b", "c", "d"]);
    expect(await client.xlen(eventsKey(0))).toBe(4);
    expect((await client.xpending(eventsKey(0), ATTRIBUTION_GROUP))[0]).toBe(0);
    expect([one.mended, one.lost]).toEqual([["0 lost"], []]);
    expect([one.logged("consumer group was lost"), one.logged("NOGROUP")]).toEqual([1, 0]);
    expect(one.logged("partition failed")).toBe(0);
  });

  it("says what went with a deleted stream, and computes what comes next", async () => {
    const one = startWorker();
    await add("a");
    await until(async () => (await processed()) === 1, "the first");
    await client.del(eventsKey(0));
    await add("b");
    await until(async () => (await processed()) === 2, "the one that came after");
    await add("c");
    await until(async () => (await processed()) === 3, "and the next");
    expect(one.seen).toEqual(["a", "b", "c"]);
    expect([one.mended, one.lost]).toEqual([["0 lost"], ["events"]]);
    expect(one.logged("stream of events was deleted")).toBe(1);
  });

  it("computes what came into a new stream whose IDs are older: the server's clock was set back", async () => {
    const one = startWorker();
    await add("a");
    await until(async () => (await processed()) === 1, "the first");
    await client
      .multi()
      .del(eventsKey(0))
      .xadd(eventsKey(0), "5-1", "n", 1, "b", "old clock")
      .exec();
    await until(async () => (await processed()) === 2, "the one that came after");
    expect(one.seen).toEqual(["a", "old clock"]);
    expect(one.lost).toEqual(["events"]);
  });

  it("finds its way back after FLUSHALL, without a start", async () => {
    const one = startWorker();
    await until(() => one.member.owned.length === PARTITIONS, "owns all");
    for (let partition = 0; partition < PARTITIONS; partition += 1) await add("a", partition);
    await until(async () => (await processed(0)) + (await processed(1)) === 2, "the first");
    await client.flushall();
    for (let partition = 0; partition < PARTITIONS; partition += 1) await add("b", partition);
    await until(async () => (await processed(0)) + (await processed(1)) === 2, "what came after");
    // The platform's key is looked at with the next heartbeat.
    await until(() => one.lost.length >= 1 + PARTITIONS, "said");
    expect(one.seen.toSorted()).toEqual(["a", "a", "b", "b"]);
    expect(await client.hget(PLATFORM_KEY, "partitions")).toBe(String(PARTITIONS));
    expect(one.lost.toSorted()).toEqual(["platform", "state", "state"]);
    expect(one.logged("platform's own key is gone")).toBe(1);
    expect(one.logged("committed state of partitions is gone")).toBe(1);
    expect(one.logged("partition failed")).toBe(0);
    expect(await client.get("{p00}:lease")).toBe("w1");
  });

  it("says that the fact log was deleted", async () => {
    const one = startWorker();
    await add("a");
    await until(async () => (await processed()) === 1, "the first");
    await sleep(300);
    await add("b");
    await until(async () => (await processed()) === 2, "the second");
    await client.del(factsKey(0));
    await sleep(300);
    await add("c");
    await until(() => one.lost.length > 0, "said");
    expect(one.lost).toEqual(["facts"]);
    expect(one.logged("stream of facts was deleted")).toBe(1);
  });
});

describe("a worker whose group was set past entries", () => {
  it("finds them while it is idle", async () => {
    const one = startWorker();
    await until(() => one.member.owned.length === PARTITIONS, "owns all");
    await client
      .multi()
      .xadd(eventsKey(0), "*", "n", 1, "b", "passed")
      .xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$")
      .exec();
    await until(async () => (await processed()) === 1, "the entry");
    expect(one.mended).toEqual(["0 set_ahead"]);
    expect(one.logged("consumer group was set past")).toBe(1);
  });

  it("commits and trims nothing behind them, whatever comes next", async () => {
    const one = startWorker();
    await add("a");
    await until(async () => (await processed()) === 1, "the first");
    await client
      .multi()
      .xadd(eventsKey(0), "*", "n", 1, "b", "passed")
      .xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$")
      .xadd(eventsKey(0), "*", "n", 1, "b", "next")
      .exec();
    await until(async () => (await processed()) === 3, "both");
    // The one behind was computed in vain before it was found that it is not the next one.
    expect(one.seen.filter((text) => text !== "next")).toEqual(["a", "passed"]);
    expect(one.mended).toEqual(["0 set_ahead"]);
    await until(async () => (await client.xlen(eventsKey(0))) === 0, "trimmed");
  });

  it("finds them between entries that a dead owner had read", async () => {
    const read = async (): Promise<unknown> =>
      client.xreadgroup("GROUP", ATTRIBUTION_GROUP, "dead", "STREAMS", eventsKey(0), ">");
    await add("a");
    await read();
    await add("passed");
    await client.xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$");
    await add("c");
    await read();
    const one = startWorker();
    await until(async () => (await processed()) === 3, "all three");
    expect(one.seen).toEqual(["a", "passed", "c"]);
  });

  it("of many, finds all of them when it takes the partition", async () => {
    const lease = await acquireLease(client, 0, "w0", 60_000);
    if (lease === undefined) throw new Error("the lease is another's");
    const texts = Array.from({ length: 200 }, (_, i) => `e${i}`);
    for (const text of texts) await add(text);
    await client.xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$");
    await releaseLease(client, lease);
    const one = startWorker();
    await until(async () => (await processed()) === 200, "all");
    expect(one.seen).toEqual(texts);
    expect(one.mended).toEqual(["0 set_ahead"]);
  });

  it("computes nothing twice where the group was set back", async () => {
    await client.xgroup("CREATE", eventsKey(0), "archive", "0");
    const one = startWorker();
    for (const text of ["a", "b"]) await add(text);
    await until(async () => (await processed()) === 2, "both");
    await client.xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "0");
    await add("c");
    await until(async () => (await processed()) === 3, "the next");
    expect(one.seen).toEqual(["a", "b", "c"]);
    expect((await client.xpending(eventsKey(0), ATTRIBUTION_GROUP))[0]).toBe(0);
  });
});
