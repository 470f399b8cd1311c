import { setTimeout as sleep } from "node:timers/promises";
import type { PolledEntry } from "@tributary/streams";
import { createMetrics, SpanStatusCode, type Span, type Telemetry } from "@tributary/telemetry";
import {
  FactRows,
  ResultRows,
  WarehouseError,
  type RowBatch,
  type WarehouseEngine,
} from "@tributary/warehouse";
import type { LoaderFeed } from "./feed.ts";
import { LoadTraces } from "./load-trace.ts";

export interface LoaderOptions {
  /** Wait between loads, ms: it bounds how many parts the warehouse has to merge. */
  readonly intervalMs: number;
  /** Secret of the dictionaries' hash, below 2^48: strings come from strangers. */
  readonly seed: number;
  /** Called when somebody was loaded who is to be erased. */
  readonly onErasing?: () => void;
  /** Whether the streams are this warehouse's, asked for each load; another may have been adopted. */
  readonly isHeld?: () => Promise<boolean>;
  /** Called once they are not: nothing is loaded or acknowledged any more. */
  readonly onLost?: () => void;
}

/** The streams are another warehouse's. */
class WarehouseLost extends Error {}

/**
 * Rows are inserted when they have so many bytes, however many entries wait: it bounds the memory, and how long results
 * wait behind facts.
 */
const MAX_LOAD_BYTES = 12 << 20;
/** A poll that brought so many entries means a backlog: the next follows at once. */
const BACKLOG_ENTRIES = 256;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

const METRIC_NAMES = [
  "tributary_load_rows_total",
  "tributary_load_seconds",
  "tributary_load_failures_total",
  "tributary_dead_letters_total",
] as const;

/** An entry whose bytes cannot be made into rows. */
interface Undecodable {
  readonly entry: PolledEntry;
  readonly reason: string;
}

/**
 * Brings fact and result blocks into the warehouse: poll, make rows, insert, acknowledge. What was not acknowledged
 * comes again, and rows that come again replace themselves, so a failure at any place costs time only.
 */
export class Loader {
  readonly #feed: LoaderFeed;
  readonly #engine: WarehouseEngine;
  readonly #telemetry: Telemetry;
  readonly #options: LoaderOptions;
  readonly #metrics;
  readonly #facts: FactRows;
  readonly #results: ResultRows;
  readonly #traces = new LoadTraces();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** Since when entries have waited without any being loaded, by performance.now(). */
  #waitingSinceMs: number | undefined;
  #failures = 0;

  constructor(
    feed: LoaderFeed,
    engine: WarehouseEngine,
    telemetry: Telemetry,
    options: LoaderOptions,
  ) {
    this.#feed = feed;
    this.#engine = engine;
    this.#telemetry = telemetry;
    this.#options = options;
    this.#metrics = createMetrics(telemetry.metrics, METRIC_NAMES);
    this.#facts = new FactRows(options.seed);
    this.#results = new ResultRows(options.seed);
  }

  /** How long entries have waited without any being loaded, ms; 0 where none waits. */
  stalledForMs(): number {
    return this.#waitingSinceMs === undefined ? 0 : performance.now() - this.#waitingSinceMs;
  }

  /** Begins to load. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Finishes the load in hand, and loads no more. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const waitMs = await this.#step();
      if (waitMs === 0) continue;
      try {
        await sleep(waitMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }

  /** One poll and its loads. @returns how long to wait before the next, ms */
  async #step(): Promise<number> {
    try {
      await this.#checkHeld();
      const entries = await this.#feed.poll();
      if (entries.length === 0) this.#waitingSinceMs = undefined;
      else await this.#load(entries);
      this.#succeeded();
      return entries.length >= BACKLOG_ENTRIES ? 0 : this.#options.intervalMs;
    } catch (error) {
      if (error instanceof WarehouseLost) {
        this.#abort.abort();
        this.#options.onLost?.();
        return 0;
      }
      return this.#failed(error);
    }
  }

  async #checkHeld(): Promise<void> {
    const { isHeld } = this.#options;
    if (isHeld !== undefined && !(await isHeld())) throw new WarehouseLost();
  }

  async #load(entries: readonly PolledEntry[]): Promise<void> {
    this.#waitingSinceMs ??= performance.now();
    let taken: PolledEntry[] = [];
    let undecodable: Undecodable[] = [];
    let startedMs = Date.now();
    for (const [i, entry] of entries.entries()) {
      const reason = this.#add(entry);
      if (reason === undefined) taken.push(entry);
      else undecodable.push({ entry, reason });
      const bytes = this.#batches().reduce((sum, batch) => sum + batch.bytes.length, 0);
      if (bytes < MAX_LOAD_BYTES && i < entries.length - 1) continue;
      await this.#insert(taken, undecodable, startedMs);
      this.#clear();
      this.#waitingSinceMs = i < entries.length - 1 ? performance.now() : undefined;
      taken = [];
      undecodable = [];
      startedMs = Date.now();
    }
  }

  /** What was made into rows; who is who, and who is to be erased, after the facts that it is about. */
  #batches(): readonly RowBatch[] {
    const facts = this.#facts;
    return [
      facts.finish(),
      facts.finishIdentities(),
      facts.finishErasing(),
      this.#results.finish(),
    ];
  }

  /** Makes an entry into rows. @returns why it cannot be, or undefined */
  #add(entry: PolledEntry): string | undefined {
    const rows = entry.stream === "facts" ? this.#facts : this.#results;
    try {
      rows.add(entry.block, entry.partition, entry.id, entry.position);
      this.#traces.add(rows.traces);
      return undefined;
    } catch (error) {
      if (error instanceof WarehouseError && error.code === "block_undecodable") {
        return error.message;
      }
      throw error;
    }
  }

  async #insert(
    taken: readonly PolledEntry[],
    undecodable: readonly Undecodable[],
    startedMs: number,
  ): Promise<void> {
    const span = this.#traces.start(this.#telemetry.tracer, startedMs);
    try {
      const batches = this.#batches();
      for (const { table, columns, bytes } of batches) {
        await this.#engine.insertRowBinary(table, columns, bytes);
      }
      // What was read before another warehouse was adopted is that one's.
      await this.#checkHeld();
      await this.#setAside(undecodable);
      if (taken.length > 0) await this.#feed.acknowledge(taken);
      if (this.#facts.finishErasing().rows > 0) this.#options.onErasing?.();
      for (const { table, rows } of batches) {
        if (rows > 0) this.#metrics.tributary_load_rows_total.inc({ table }, rows);
      }
      this.#metrics.tributary_load_seconds.observe((Date.now() - startedMs) / 1000);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      throw error;
    } finally {
      describe(span, taken.length + undecodable.length, this.#facts.rows, this.#results.rows);
      span.end();
    }
  }

  async #setAside(undecodable: readonly Undecodable[]): Promise<void> {
    for (const { entry, reason } of undecodable) {
      await this.#feed.deadLetter(entry, reason);
      const { partition, stream, id } = entry;
      this.#metrics.tributary_dead_letters_total.inc({ reason: "block_undecodable" });
      this.#telemetry.logger.error(
        { partition, stream, id, reason },
        "a block cannot be read; it is kept as a dead letter",
      );
    }
  }

  #clear(): void {
    this.#facts.clear();
    this.#results.clear();
    this.#traces.clear();
  }

  #succeeded(): void {
    if (this.#failures > 0) {
      this.#telemetry.logger.info({ failures: this.#failures }, "loading goes on");
    }
    this.#failures = 0;
  }

  /** Logs the first failure in a row; the others are counted. @returns how long to wait, ms */
  #failed(error: unknown): number {
    this.#clear();
    this.#feed.rewind();
    this.#metrics.tributary_load_failures_total.inc();
    if (this.#failures === 0) {
      this.#telemetry.logger.warn(
        { err: error },
        "loading failed; what was read comes again, and it is tried until it succeeds",
      );
    }
    const waitMs = Math.min(MIN_BACKOFF_MS * 2 ** Math.min(this.#failures, 10), MAX_BACKOFF_MS);
    this.#failures += 1;
    return waitMs;
  }
}

/** Attributes by the messaging conventions of OpenTelemetry. */
function describe(span: Span, entries: number, facts: number, results: number): void {
  span.setAttributes({
    "messaging.system": "redis",
    "messaging.operation.name": "load",
    "messaging.operation.type": "process",
    "messaging.destination.name": "warehouse",
    "messaging.consumer.group.name": "warehouse",
    "messaging.batch.message_count": entries,
    "tributary.facts": facts,
    "tributary.results": results,
  });
}
