import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { PolledEntry } from "@tributary/streams";
import { WarehouseError, type WarehouseEngine } from "@tributary/warehouse";
import type { LoaderFeed } from "../../src/load/feed.ts";
import { Loader } from "../../src/load/loader.ts";
import {
  click,
  erasedBlock,
  factBlock,
  purchase,
  receiptOf,
  resultBlock,
} from "../support/blocks.ts";
import { quietTelemetry, temporaryWarehouse } from "../support/parts.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());
beforeEach(async () => {
  await engine.command("TRUNCATE TABLE tributary.events");
  await engine.command("TRUNCATE TABLE tributary.attributions");
});

/** A log in memory that gives out again, after a rewind, what was not acknowledged. */
class MemoryFeed implements LoaderFeed {
  readonly entries: PolledEntry[] = [];
  readonly acknowledged = new Set<string>();
  readonly deadLetters: { id: string; reason: string }[] = [];
  #next = 0;
  failAcknowledge = 0;

  append(stream: "facts" | "results", block: Uint8Array): void {
    this.entries.push({
      partition: 2,
      stream,
      id: `${1_700_000_000_000 + this.entries.length}-0`,
      count: 1,
      block,
    });
  }

  async poll(): Promise<PolledEntry[]> {
    const found = this.entries.slice(this.#next).filter(({ id }) => !this.acknowledged.has(id));
    this.#next = this.entries.length;
    return found;
  }

  async acknowledge(entries: readonly PolledEntry[]): Promise<void> {
    if (this.failAcknowledge > 0) {
      this.failAcknowledge -= 1;
      throw new Error("connection lost");
    }
    for (const { id } of entries) this.acknowledged.add(id);
  }

  async deadLetter(entry: PolledEntry, reason: string): Promise<void> {
    this.deadLetters.push({ id: entry.id, reason });
    this.acknowledged.add(entry.id);
  }

  rewind(): void {
    this.#next = 0;
  }

  async drained(): Promise<void> {
    await vi.waitFor(() => expect(this.acknowledged.size).toBe(this.entries.length), {
      timeout: 10_000,
    });
  }
}

const OPTIONS = { intervalMs: 5, seed: 1 };

async function counts(): Promise<unknown> {
  return engine.query(
    `SELECT toUInt32((SELECT count() FROM tributary.events FINAL)) AS facts,
            toUInt32((SELECT count() FROM tributary.attributions FINAL)) AS results`,
  );
}

const erasing = async (): Promise<unknown[]> =>
  engine.query(
    "SELECT receipt, position, user_key, is_theirs FROM tributary.erasing FINAL ORDER BY receipt",
  );

test("loads what comes, acknowledges it, and stops after the load in hand", async () => {
  const feed = new MemoryFeed();
  const { telemetry } = quietTelemetry();
  const loader = new Loader(feed, engine, telemetry, OPTIONS);
  loader.start();
  for (let i = 0; i < 20; i += 1) {
    feed.append("facts", factBlock([click(`t${i}`), purchase(`c${i}`)]));
    feed.append("results", resultBlock([purchase(`c${i}`)], [click(`t${i}`)], "5"));
    await sleep(2);
  }
  await feed.drained();
  await loader.stop();
  expect(await counts()).toEqual([{ facts: 40, results: 20 }]);
  expect(loader.stalledForMs()).toBe(0);
  feed.append("facts", factBlock([click("late")]));
  await sleep(50);
  expect(feed.acknowledged.size).toBe(40);
});

test("who is to be erased is in the warehouse before it is acknowledged, also twice", async () => {
  const feed = new MemoryFeed();
  const met: unknown[] = [];
  feed.append("facts", factBlock([click("t1")]));
  feed.append("facts", erasedBlock("u1", 1));
  const acknowledge = feed.acknowledge.bind(feed);
  let before: unknown[] | undefined;
  feed.acknowledge = async (entries) => {
    const isFirst = before === undefined;
    before ??= await erasing();
    if (isFirst) throw new Error("connection lost");
    await acknowledge(entries);
  };
  const { telemetry } = quietTelemetry();
  const onErasing = (): void => void met.push(feed.acknowledged.size);
  const loader = new Loader(feed, engine, telemetry, { ...OPTIONS, onErasing });
  loader.start();
  await feed.drained();
  await loader.stop();
  expect(before).toHaveLength(1);
  expect(met).toEqual([2]);
  expect(await erasing()).toEqual([
    { receipt: receiptOf(1), position: "1700000000001-0", user_key: "u1", is_theirs: true },
  ]);
});

test("a lost acknowledgement costs a second load and doubles nothing", async () => {
  const feed = new MemoryFeed();
  feed.failAcknowledge = 2;
  feed.append("facts", factBlock([click("t1")]));
  const { telemetry, logged } = quietTelemetry();
  const loader = new Loader(feed, engine, telemetry, OPTIONS);
  loader.start();
  await feed.drained();
  await loader.stop();
  expect(await counts()).toEqual([{ facts: 1, results: 0 }]);
  expect(logged()).toEqual([
    "warn: loading failed; what was read comes again, and it is tried until it succeeds",
    "info: loading goes on",
  ]);
});

test("while the warehouse is away nothing is acknowledged and the stall is seen; then it goes on", async () => {
  let away = true;
  const flaky: WarehouseEngine = {
    statements: 0,
    query: async (sql, params) => engine.query(sql, params),
    queryArrow: async (sql, params) => engine.queryArrow(sql, params),
    queryParquet: async (sql, params) => engine.queryParquet(sql, params),
    exportParquet: async (sql, params) => engine.exportParquet(sql, params),
    dataVersion: async () => engine.dataVersion(),
    command: async (sql) => engine.command(sql),
    ping: async () => engine.ping(),
    close: async () => undefined,
    insertRowBinary: async (table, columns, bytes) => {
      if (away) throw new WarehouseError("insert_failed", "the disk is full");
      return engine.insertRowBinary(table, columns, bytes);
    },
  };
  const feed = new MemoryFeed();
  feed.append("facts", factBlock([click("t1"), click("t2")]));
  const { telemetry, logged } = quietTelemetry();
  const loader = new Loader(feed, flaky, telemetry, OPTIONS);
  loader.start();
  await vi.waitFor(() => expect(loader.stalledForMs()).toBeGreaterThan(250), { timeout: 5000 });
  expect(feed.acknowledged.size).toBe(0);
  expect(logged().filter((line) => line.startsWith("warn"))).toHaveLength(1);
  away = false;
  await feed.drained();
  await loader.stop();
  expect(loader.stalledForMs()).toBe(0);
  expect(await counts()).toEqual([{ facts: 2, results: 0 }]);
});

test("an undecodable block is set aside with its reason; its neighbours are loaded", async () => {
  const feed = new MemoryFeed();
  feed.append("facts", factBlock([click("t1")]));
  feed.append("facts", Uint8Array.of(0x93, 1, 2, 3));
  feed.append("results", Uint8Array.of());
  feed.append("results", resultBlock([purchase("c1")], [], "5"));
  const { telemetry, logged } = quietTelemetry();
  const loader = new Loader(feed, engine, telemetry, OPTIONS);
  loader.start();
  await feed.drained();
  await loader.stop();
  expect(await counts()).toEqual([{ facts: 1, results: 1 }]);
  expect(feed.deadLetters.map(({ id }) => id)).toEqual(["1700000000001-0", "1700000000002-0"]);
  for (const { reason } of feed.deadLetters) expect(reason.length).toBeGreaterThan(5);
  expect(logged()).toEqual(
    Array(2).fill("error: a block cannot be read; it is kept as a dead letter"),
  );
  const { body } = { body: await telemetry.metrics.metrics() };
  expect(body).toContain('tributary_dead_letters_total{reason="block_undecodable"} 2');
  expect(body).toContain('tributary_load_rows_total{table="tributary.events"} 1');
});
