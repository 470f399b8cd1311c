import { setTimeout as sleep } from "node:timers/promises";
import { Backoff } from "@tributary/service";
import { createMetrics, type Telemetry } from "@tributary/telemetry";
import {
  countPendingRows,
  eraseRows,
  readErasedConversions,
  readPendingKeys,
  readOpenErasures,
  readPendingReceipts,
  storeCompletedErasures,
  type SentConversion,
  storeErasedCounts,
  WarehouseError,
  type WarehouseEngine,
} from "@tributary/warehouse";

export interface EraserParts {
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  /**
   * Waits until everything that was in the streams is attributed, relayed to other partitions, loaded and acknowledged.
   * @returns false where the time ran out
   */
  readonly settle: (signal: AbortSignal) => Promise<boolean>;
  /** Notifies the receivers of a tenant's conversions that they were erased. */
  readonly tellErased: (tenant: string, conversions: readonly SentConversion[]) => Promise<void>;
  /** How long erasures gather, so that one rewriting of the tables serves many, ms. */
  readonly gatherMs: number;
}

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/**
 * Erases people in the warehouse after the loader has loaded their erasure, and closes the receipts of those that are erased
 * everywhere. The warehouse itself lists what is left to do, so an interrupted step is repeated. Several may run over one warehouse.
 */
export class Eraser {
  readonly #parts: EraserParts;
  readonly #metrics;
  readonly #abort = new AbortController();
  #awake = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;
  readonly #backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);

  constructor(parts: EraserParts) {
    this.#parts = parts;
    this.#metrics = createMetrics(parts.telemetry.metrics, [
      "tributary_open_erasures",
      "tributary_erased_events_total",
      "tributary_erase_seconds",
      "tributary_erase_failures_total",
    ]);
  }

  /** Begins with the erasures that were left unfinished. */
  start(): void {
    this.wake();
    this.#loop ??= this.#run();
  }

  /** Begins a step: somebody asked for an erasure, or the loader has loaded one. */
  wake(): void {
    this.#awake.resolve();
  }

  /** Stops waiting; the engine finishes its present statement. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    for (;;) {
      await this.#awake.promise;
      this.#awake = Promise.withResolvers<void>();
      try {
        await sleep(this.#parts.gatherMs, undefined, { signal });
        if (await this.#step(signal)) this.wake();
        this.#backoff.succeed();
      } catch (error) {
        if (signal.aborted) return;
        this.wake();
        await this.#failed(error);
      }
    }
  }

  /** @returns whether anything is left to do */
  async #step(signal: AbortSignal): Promise<boolean> {
    const { engine, settle, tellErased } = this.#parts;
    // Both before settling: an erasure loaded later may be loaded a second time, which adds records.
    const open = await readOpenErasures(engine);
    const chosen = await readPendingKeys(engine);
    this.#metrics.tributary_open_erasures.set(open.length);
    if (open.length === 0 && chosen.length === 0) return false;
    if (!(await settle(signal))) return true;
    const startedMs = performance.now();
    const counts = await countPendingRows(engine, chosen);
    await storeErasedCounts(engine, counts);
    // Before their rows go: if this process dies from here on, the next one notifies the receivers again.
    for (const { tenant, conversions } of await readErasedConversions(engine, chosen)) {
      await tellErased(tenant, conversions);
    }
    await eraseRows(engine, chosen, signal);
    const left = await readPendingReceipts(engine);
    const done = open.filter(({ receipt }) => !left.has(receipt));
    await storeCompletedErasures(engine, done, Date.now());
    // Adds nothing to the counts. Only an insert after the rows have gone makes the cached answers void.
    await storeErasedCounts(
      engine,
      chosen.map((key) => ({ ...key, events: 0, conversions: 0, touchpoints: 0, newestAt: 0 })),
    );
    if (chosen.length > 0) {
      this.#metrics.tributary_erase_seconds.observe((performance.now() - startedMs) / 1000);
    }
    const events = counts.reduce((sum, count) => sum + count.events, 0);
    this.#metrics.tributary_erased_events_total.inc(events);
    if (events > 0 || done.length > 0) {
      this.#parts.telemetry.logger.info(
        { receipts: done.map(({ receipt }) => receipt), keys: chosen.length, events },
        "erased from the warehouse",
      );
    }
    return true;
  }

  /** Logs the kind of an error alone, since an engine's message may hold the person's ID. */
  async #failed(error: unknown): Promise<void> {
    this.#metrics.tributary_erase_failures_total.inc();
    const code = error instanceof WarehouseError ? error.code : String(error);
    if (this.#backoff.failures === 0) {
      this.#parts.telemetry.logger.warn({ code }, "erasing in the warehouse failed, retrying");
    }
    try {
      await sleep(this.#backoff.fail(), undefined, { signal: this.#abort.signal });
    } catch {
      // Aborted, the only way this sleep rejects: the loop ends with its next step.
    }
  }
}
