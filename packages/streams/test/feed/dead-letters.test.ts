import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  createRowDictionaries,
  deadLettersKey,
  EntryWriter,
  eventsKey,
  EventRow,
  factsKey,
  stateKey,
} from "@tributary/protocol";
import { createLogger, encodeTraceContext } from "@tributary/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  discardDeadLetter,
  ensureGroups,
  findDeadLetter,
  type KeptDeadLetter,
  type Lease,
  PartitionConsumer,
  PoisonEntryError,
  type PolledEntry,
  readBooks,
  readDeadLetters,
  type RedisClient,
  replayDeadLetter,
  type StreamEntry,
  totalBooks,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";
import { claimPending } from "../../src/redis/read-group.ts";
import { countTryAlone, takeTryBack } from "../../src/partition/try-alone.ts";

const PARTITIONS = 2;
const logger = createLogger({ service: "test", instance: "t", level: "silent" });
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

async function add(text: string, events = 1): Promise<string> {
  return (await client.xadd(eventsKey(0), "*", "n", events, "b", text)) ?? "";
}

async function lease(): Promise<Lease> {
  const taken = await acquireLease(client, 0, "w1", 60_000);
  if (taken === undefined) throw new Error("the lease is another's");
  return taken;
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`not within 20 s: ${what}`);
}

const processed = async (): Promise<number> =>
  Number(await client.hget(stateKey(0), "books:default:processed"));

/** Puts one dead letter of 3 events there, as the commit does. */
async function kept(more: Record<string, string> = {}): Promise<KeptDeadLetter> {
  const fields = { stream: "events", entry: "5-0", reason: "broken", n: "3", b: "x", ...more };
  const times = { first: "5", last: "9", attempts: "2", trace: "" };
  const id = await client.xadd(
    deadLettersKey(0),
    "*",
    ...Object.entries({ ...fields, ...times }).flat(),
  );
  return (await findDeadLetter(client, 0, id ?? "")) as KeptDeadLetter;
}

describe("an entry that ends whole workers", () => {
  it("becomes a dead letter after a bounded number of them, and its neighbours are processed", async () => {
    const ids = [await add("a"), await add("kill", 5), await add("b")];
    const program = fileURLToPath(new URL("../support/killed-worker.ts", import.meta.url));
    let child: ChildProcess | undefined;
    onTestFinished(() => void child?.kill("SIGKILL"));
    let deaths = 0;
    const run = async (): Promise<void> => {
      for (;;) {
        child = spawn(process.execPath, [program, redis.url, "1"], { stdio: "inherit" });
        const [, signal] = (await once(child, "exit")) as [number | null, string | null];
        if (signal !== "SIGKILL" || (await client.xlen(deadLettersKey(0))) > 0) return;
        deaths += 1;
      }
    };
    const running = run();
    await until(async () => (await processed()) === 2, "the neighbours are processed");
    const [letter] = await readDeadLetters(client, 0, 10);
    // Twice in a batch with others, then alone.
    expect(deaths).toBe(5);
    expect(letter).toMatchObject({
      stream: "events",
      entry: ids[1],
      reason: "ended the worker 3 times while it was tried alone",
      attempts: 6,
      count: 5,
      traceId: "",
      firstMs: Number(ids[1]?.split("-")[0]),
    });
    expect(letter?.lastMs).toBeGreaterThan(letter?.firstMs ?? Infinity);
    const books = await readBooks(client, [0]);
    expect(totalBooks(books.tenants)).toMatchObject({ accepted: 7, deadLettered: 5, residue: 0 });
    expect(books.partitions).toEqual([{ partition: 0, events: 7, residue: 0 }]);
    expect(await client.hexists(stateKey(0), "alone_id")).toBe(0);
    child?.kill("SIGKILL");
    await running;
  }, 60_000);

  it("is told from one that was delivered as often and is well", async () => {
    const id = await add("innocent");
    await client.xreadgroup("GROUP", "attribution", "w0", "STREAMS", eventsKey(0), ">");
    for (let i = 0; i < 40; i += 1) {
      await client.call("XCLAIM", [eventsKey(0), "attribution", `w${i}`, 0, id]);
    }
    const batches: number[] = [];
    const consumer = new PartitionConsumer(
      client,
      await lease(),
      {
        restore: async () => undefined,
        forget: async () => undefined,
        process: async (_, entries) => {
          batches.push(entries.length);
          const books = new Map([["books:default:processed", entries.length]]);
          return { facts: undefined, results: [], books };
        },
        committed: () => ({ factsFrom: undefined, rebuild: false }),
      },
      { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 100 },
      logger,
      performance.now(),
    );
    const running = consumer.run();
    await until(async () => (await processed()) === 1, "processed");
    await add("x");
    await until(async () => (await processed()) === 2, "the next");
    consumer.stop();
    await running;
    expect(batches[0]).toBe(1);
    expect(await client.xlen(deadLettersKey(0))).toBe(0);
  });

  it("is counted by owners that it ended, not by tries, and not by owners that lived", async () => {
    const first = await lease();
    expect(await countTryAlone(client, first, "7-0")).toBe(1);
    expect(await countTryAlone(client, first, "7-0")).toBe(1);
    const second = await lease();
    expect(await countTryAlone(client, second, "7-0")).toBe(2);
    await takeTryBack(client, second, "7-0");
    expect(await countTryAlone(client, second, "7-0")).toBe(2);
    await expect(countTryAlone(client, first, "7-0")).rejects.toMatchObject({ code: "fenced" });
    expect(await countTryAlone(client, second, "8-0")).toBe(1);
  });
});

describe("a kept dead letter", () => {
  it("replayed is a new entry of its partition, and gone from the dead letters, once", async () => {
    const letter = await kept();
    const id = await replayDeadLetter(client, letter);
    expect(await replayDeadLetter(client, letter)).toBeUndefined();
    expect(await client.xrange(eventsKey(0), "-", "+")).toEqual([[id, ["n", "3", "b", "x"]]]);
    expect(await client.xlen(deadLettersKey(0))).toBe(0);
    expect((await readBooks(client, [0])).tenants).toMatchObject([
      { tenant: "(unknown)", replayed: 3, accepted: 0, residue: 0 },
    ]);
  });

  it("replayed has all its fields again: a message stays one, a block says what it covers", async () => {
    await client.xadd(eventsKey(0), "*", "n", 0, "m", 2, "o", 1234, "b", "an erasure");
    const held = await lease();
    const consumer = new PartitionConsumer(
      client,
      held,
      {
        restore: async () => undefined,
        forget: async () => undefined,
        process: async (_, entries) => {
          if (entries.length > 0) throw new PoisonEntryError(0, "broken");
          return { facts: undefined, results: [], books: new Map() };
        },
        committed: () => ({ factsFrom: undefined, rebuild: false }),
      },
      { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 100 },
      logger,
      performance.now(),
    );
    const running = consumer.run();
    await until(async () => (await client.xlen(deadLettersKey(0))) === 1, "dead-lettered");
    consumer.stop();
    await running;
    const feed = new WarehouseFeed(client, { partitions: 1, consumer: "l", maxEntries: 10 });
    await client.xadd(factsKey(0), "*", "n", 2, "p", "77-0", "b", "bad");
    const [block] = await feed.poll();
    await feed.deadLetter(block as PolledEntry, "unreadable");
    await client.xtrim(eventsKey(0), "MAXLEN", 0);
    await client.xtrim(factsKey(0), "MAXLEN", 0);
    for (const letter of await readDeadLetters(client, 0, 10)) {
      await replayDeadLetter(client, letter);
    }
    const fieldsOf = async (key: string): Promise<unknown> =>
      (await client.xrange(key, "-", "+")).map(([, fields]) => fields);
    expect(await fieldsOf(eventsKey(0))).toEqual([
      ["n", "0", "m", "2", "o", "1234", "b", "an erasure"],
    ]);
    expect(await fieldsOf(factsKey(0))).toEqual([["n", "2", "p", "77-0", "b", "bad"]]);
  });

  it("discarded is gone and in the books, once", async () => {
    const letter = await kept();
    expect(await discardDeadLetter(client, letter)).toBe(true);
    expect(await discardDeadLetter(client, letter)).toBe(false);
    expect((await readBooks(client, [0])).tenants).toMatchObject([{ discarded: 3, residue: 0 }]);
  });

  it("of facts is given to the loader again, not appended twice; a trimmed one is appended", async () => {
    const feed = new WarehouseFeed(client, { partitions: 1, consumer: "l", maxEntries: 10 });
    const id = await client.xadd(factsKey(0), "*", "n", 2, "b", "bad");
    const [entry] = await feed.poll();
    if (entry === undefined) throw new Error("nothing was polled");
    await feed.deadLetter(entry, "unreadable");
    await feed.deadLetter(entry, "unreadable");
    const letters = await readDeadLetters(client, 0, 10);
    expect(letters).toMatchObject([{ stream: "facts", entry: id, count: 2, attempts: 1 }]);
    expect((await client.xpending(factsKey(0), "warehouse"))[0]).toBe(0);
    expect(await replayDeadLetter(client, letters[0] as KeptDeadLetter)).toBe(id);
    expect(await client.xlen(factsKey(0))).toBe(1);
    // As the loader takes over what is idle for half a minute.
    const options = { group: "warehouse", consumer: "l", count: 10, minIdleMs: 30_000 };
    const claimed = await claimPending(client, factsKey(0), options).next();
    expect(claimed.value).toMatchObject([{ id, count: 2 }]);
    const trimmed = await kept({ stream: "facts", entry: "1-0" });
    await replayDeadLetter(client, trimmed);
    expect(await client.xlen(factsKey(0))).toBe(2);
    expect((await readBooks(client, [0])).tenants).toEqual([]);
  });

  it("carries the trace and the tenants of an entry whose columns are broken", async () => {
    const dictionaries = createRowDictionaries(1);
    const writer = new EntryWriter(dictionaries);
    const row = new EventRow();
    row.tenant = dictionaries.tenants.internText("acme");
    row.id = row.user = Buffer.from("x");
    row.idLength = row.userLength = 1;
    writer.append(row);
    writer.append(row);
    const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
    writer.trace(encodeTraceContext(context));
    const block = writer.finish();
    await client.xadd(eventsKey(0), "*", "n", 2, "b", block);
    const processor = {
      restore: async () => undefined,
      forget: async () => undefined,
      process: async (_: number, entries: readonly StreamEntry[]) => {
        if (entries.length > 0) throw new PoisonEntryError(0, "a column ends early");
        return { facts: undefined, results: [], books: new Map<string, number>() };
      },
      committed: () => ({ factsFrom: undefined, rebuild: false }),
    };
    const options = { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 100 };
    const held = await lease();
    const consumer = new PartitionConsumer(
      client,
      held,
      processor,
      options,
      logger,
      performance.now(),
    );
    const running = consumer.run();
    await until(async () => (await client.xlen(deadLettersKey(0))) === 1, "set aside");
    consumer.stop();
    await running;
    const [letter] = await readDeadLetters(client, 0, 1);
    expect(letter).toMatchObject({ traceId: context.traceId, count: 2, attempts: 1 });
    expect((await readBooks(client, [0])).tenants).toMatchObject([
      { tenant: "acme", accepted: 2, deadLettered: 2, residue: 0 },
    ]);
  });

  it("is listed page by page", async () => {
    const ids = [(await kept()).id, (await kept()).id, (await kept()).id];
    const page = await readDeadLetters(client, 0, 2);
    expect(page.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const rest = await readDeadLetters(client, 0, 2, page.at(-1)?.id);
    expect(rest.map(({ id }) => id)).toEqual(ids.slice(2));
  });
});
