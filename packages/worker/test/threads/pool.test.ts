import { DEFAULT_JOURNEY_OPTIONS } from "@tributary/attribution";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { packBlocks } from "../../src/threads/packed-blocks.ts";
import { ThreadPool } from "../../src/threads/pool.ts";
import { entryOf, NOW } from "../support/blocks.ts";

const click = (id: string) => ({ id, type: "click", time: NOW - 5, userId: "u", channel: "email" });
const conversion = (id: string) => ({
  id,
  type: "conversion",
  time: NOW,
  userId: "u",
  value: "5",
  currency: "EUR",
});

const VOCABULARY_BYTES = 2 ** 18;

let pool: ThreadPool;
const replaced: number[] = [];
const stuck: number[] = [];
const open = (threads: number, heapMb = 512, replacementMs = 30_000): void => {
  replaced.length = 0;
  stuck.length = 0;
  const data = {
    journeys: DEFAULT_JOURNEY_OPTIONS,
    partitions: 8,
    seed: 7,
    vocabularyBytes: VOCABULARY_BYTES,
  };
  pool = new ThreadPool(
    { threads, heapMb, replacementMs, data },
    (thread) => replaced.push(thread),
    (thread) => stuck.push(thread),
  );
};
afterEach(async () => {
  expect(stuck).toEqual([]);
  await pool.close();
});

describe("the compute threads", () => {
  it("hold each partition's journeys apart, on its own thread", async () => {
    open(2);
    for (const partition of [0, 1, 2])
      await pool.run({ kind: "restore", partition, blocks: packBlocks([]), arrivedMs: [] });
    expect([0, 1, 2].map((partition) => pool.threadOf(partition))).toEqual([0, 1, 0]);
    expect(pool.use()).toMatchObject([
      { thread: 0, waiting: 0 },
      { thread: 1, waiting: 0 },
    ]);
    expect(pool.use()[0]?.utilization).toBeGreaterThan(0);
    const first = await pool.run({
      kind: "process",
      arrivedMs: 1,
      partition: 0,
      entries: packBlocks([entryOf([click("t")])]),
    });
    expect(first).toMatchObject({ status: "processed", factCount: 1, results: [] });
    const second = await pool.run({
      kind: "process",
      arrivedMs: 1,
      partition: 0,
      entries: packBlocks([entryOf([conversion("c")])]),
    });
    expect(second).toMatchObject({
      status: "processed",
      attributed: [1, 0, 0, 0, 0, 0],
      state: { facts: 2, users: 1 },
    });
    const other = await pool.run({
      kind: "process",
      arrivedMs: 1,
      partition: 2,
      entries: packBlocks([entryOf([conversion("c")])]),
    });
    expect(other).toMatchObject({ status: "processed", state: { facts: 1 } });
  });

  it("rebuild a partition as far as its facts can be read, and say what cannot", async () => {
    open(1);
    const noFacts = new TextEncoder().encode("not facts");
    const good = entryOf([click("t"), conversion("c")]);
    const reply = await pool.run({
      kind: "restore",
      arrivedMs: [1, 1],
      partition: 0,
      blocks: packBlocks([noFacts, good]),
    });
    expect(reply).toMatchObject({
      status: "restored",
      blocks: [
        { counts: {}, unreadable: expect.stringMatching(/./) as string },
        { counts: { default: { processed: 2 } }, unreadable: undefined },
      ],
      state: { facts: 2, users: 1 },
    });
  });

  it("rebuild a partition from its facts", async () => {
    open(1);
    await pool.run({ kind: "restore", partition: 0, blocks: packBlocks([]), arrivedMs: [] });
    const first = await pool.run({
      kind: "process",
      arrivedMs: 1,
      partition: 0,
      entries: packBlocks([entryOf([click("t"), conversion("c")])]),
    });
    if (first.status !== "processed" || first.facts === undefined) throw new Error("not processed");
    await pool.run({ kind: "forget", partition: 0 });
    expect(
      await pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: packBlocks([]) }),
    ).toEqual({
      status: "unknownPartition",
    });
    const restored = await pool.run({
      kind: "restore",
      arrivedMs: [1, 1],
      partition: 0,
      blocks: packBlocks([first.facts]),
    });
    expect(restored).toMatchObject({
      status: "restored",
      blocks: [{ counts: { default: { processed: 2, latestTimeMs: NOW } } }],
    });
    const again = await pool.run({
      kind: "process",
      arrivedMs: 1,
      partition: 0,
      entries: packBlocks([entryOf([click("t"), conversion("c")])]),
    });
    expect(again).toMatchObject({ factCount: 0, counts: { default: { duplicate: 2 } } });
  });

  it("hold no more strings than their bound, through any number of rebuilds", async () => {
    open(1);
    const bytes: number[] = [];
    let overflowed = 0;
    for (let round = 0; round < 9; round += 1) {
      const partition = round % 3;
      await pool.run({ kind: "forget", partition });
      await pool.run({ kind: "restore", partition, blocks: packBlocks([]), arrivedMs: [] });
      const events = Array.from({ length: 500 }, (_, i) => ({
        ...click(`t${i}`),
        campaign: `of round ${round} click ${i}`,
      }));
      const reply = await pool.run({
        kind: "process",
        arrivedMs: 1,
        partition,
        entries: packBlocks([entryOf(events)]),
      });
      if (reply.status !== "processed") throw new Error(`the thread answered ${reply.status}`);
      bytes.push(reply.state.vocabularyBytes);
      overflowed += reply.overflowed.reduce((sum, count) => sum + count, 0);
    }
    expect(Math.max(...bytes)).toBeLessThanOrEqual(VOCABULARY_BYTES);
    expect(bytes[0]).toBeGreaterThan(0);
    expect(overflowed).toBeGreaterThan(9 * 300);
  });

  it("name the entry that cannot be decoded, and hold nothing of its batch", async () => {
    open(1);
    await pool.run({ kind: "restore", partition: 0, blocks: packBlocks([]), arrivedMs: [] });
    const bad = await pool.run({
      kind: "process",
      arrivedMs: 1,
      partition: 0,
      entries: packBlocks([entryOf([click("t")]), Uint8Array.of(1, 2, 3)]),
    });
    expect(bad).toMatchObject({ status: "badEntry", index: 1 });
    expect(
      await pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: packBlocks([]) }),
    ).toEqual({
      status: "unknownPartition",
    });
  });

  it("stay when a batch fails for another reason", async () => {
    open(1);
    await pool.run({ kind: "restore", partition: 0, blocks: packBlocks([]), arrivedMs: [] });
    const full = entryOf(
      Array.from({ length: 40_000 }, (_, j) => ({ ...click(`t${j}`), userId: `u${j}` })),
    );
    const more = entryOf(
      Array.from({ length: 40_000 }, (_, j) => ({ ...click(`s${j}`), userId: `u${j}` })),
    );
    await expect(
      pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: packBlocks([full, more]) }),
    ).rejects.toThrow(/full/);
    expect(
      await pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: packBlocks([]) }),
    ).toEqual({
      status: "unknownPartition",
    });
    expect(replaced).toEqual([]);
  });

  it("that are busy are not taken for dead when a batch fails", async () => {
    // A thread that is alive answers behind the tasks that were given before, and that may take longer than this.
    open(1, 512, 1);
    await pool.run({ kind: "restore", partition: 0, blocks: packBlocks([]), arrivedMs: [] });
    const events = (kind: string) =>
      Array.from({ length: 40_000 }, (_, j) => ({ ...click(`${kind}${j}`), userId: `u${j}` }));
    const full = packBlocks([entryOf(events("t")), entryOf(events("s"))]);
    const failing = pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: full });
    const behind = Array.from({ length: 20 }, async (_, i) => {
      const blocks = packBlocks([entryOf(events("t").slice(0, 1000))]);
      return pool.run({ kind: "restore", partition: i, blocks, arrivedMs: [1] });
    });
    await expect(failing).rejects.toThrow(/full/);
    const replies = await Promise.all(behind);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set(["restored"]));
    expect(replaced).toEqual([]);
  });

  it("are replaced when they fail between two tasks", async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker): number => workers.push(worker);
    process.on("worker", note);
    onTestFinished(() => void process.off("worker", note));
    open(1);
    await pool.run({ kind: "restore", partition: 0, blocks: packBlocks([]), arrivedMs: [] });
    // What Node says of a thread whose heap is full while it collects garbage, say.
    workers[0]?.emit("error", new Error("Worker terminated due to reaching memory limit"));
    for (let i = 0; i < 200 && replaced.length === 0; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(replaced).toEqual([0]);
    expect(
      await pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: packBlocks([]) }),
    ).toEqual({ status: "unknownPartition" });
  });

  it("are replaced when they die, and say that their partitions are gone", async () => {
    open(1, 48);
    await pool.run({ kind: "restore", partition: 0, blocks: packBlocks([]), arrivedMs: [] });
    // Pairs of users and anonymous IDs fill the thread's heap: it dies of it, and nothing else does.
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 100; i += 1) {
        const events = Array.from({ length: 10_000 }, (_, j) => ({
          ...click(`t${i}-${j}`),
          userId: `u${i}-${j}`,
          anonymousId: `a${i}-${j}`,
        }));
        await pool.run({
          kind: "process",
          partition: 0,
          arrivedMs: 1,
          entries: packBlocks([entryOf(events)]),
        });
      }
    };
    await expect(fill()).rejects.toThrow(/memory|terminated/i);
    for (let i = 0; i < 200 && replaced.length === 0; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(replaced).toEqual([0]);
    expect(
      await pool.run({ kind: "process", partition: 0, arrivedMs: 1, entries: packBlocks([]) }),
    ).toEqual({
      status: "unknownPartition",
    });
  });
});
