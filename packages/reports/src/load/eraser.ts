import { setTimeout as sleep } from "node:timers/promises";
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
   * Waits until all that was in the streams before is attributed, told to other partitions, loaded and acknowledged.
   * @returns false where that was not within its time
   */
  readonly settle: (signal: AbortSignal) => Promise<boolean>;
  /** Notifies whoever was notified of a tenant's conversions that they are no more. */
  readonly tellErased: (tenant: string, conversions: readonly SentConversion[]) => Promise<void>;
  /** How long erasures gather, so that many are one rewriting of the tables, ms. */
  readonly gatherMs: number;
}

const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/**
 * Erases in the warehouse whom the loader met, and closes the receipts of those that are gone everywhere. What is to be done is in
 * the warehouse itself: whatever is cut off is done again. Several may run over one warehouse.
 */
export class Eraser {
  readonly #parts: EraserParts;
  readonly #metrics;
  readonly #abort = new AbortController();
  #awake = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;
  #failures = 0;

  constructor(parts: EraserParts) {
    this.#parts = parts;
    this.#metrics = createMetrics(parts.telemetry.metrics, [
      "tributary_open_erasures",
      "tributary_erased_events_total",
      "tributary_erase_seconds",
      "tributary_erase_failures_total",
    ]);
  }

  /** Begins, with what was not finished before. */
  start(): void {
    this.wake();
    this.#loop ??= this.#run();
  }

  /** Somebody was asked to be erased, or the loader met it. */
  wake(): void {
    this.#awake.resolve();
  }

  /** Gives up waiting; the engine goes on with the statement in hand. */
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
        this.#failures = 0;
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
    // Both before it settles: what is met later may be loaded a second time, and leads to more records.
    const open = await readOpenErasures(engine);
    const chosen = await readPendingKeys(engine);
    this.#metrics.tributary_open_erasures.set(open.length);
    if (open.length === 0 && chosen.length === 0) return false;
    if (!(await settle(signal))) return true;
    const startedMs = performance.now();
    const counts = await countPendingRows(engine, chosen);
    await storeErasedCounts(engine, counts);
    // While the warehouse knows of them: whatever dies from here on, they are told again.
    for (const { tenant, conversions } of await readErasedConversions(engine, chosen)) {
      await tellErased(tenant, conversions);
    }
    await eraseRows(engine, chosen, signal);
    const left = await readPendingReceipts(engine);
    const done = open.filter(({ receipt }) => !left.has(receipt));
    await storeCompletedErasures(engine, done, Date.now());
    // Takes nothing from the counts. An insert after the rows have gone: answers that were kept are void then.
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

  /** An engine's message may repeat what a statement was about: only its kind is said. */
  async #failed(error: unknown): Promise<void> {
    this.#metrics.tributary_erase_failures_total.inc();
    const code = error instanceof WarehouseError ? error.code : String(error);
    if (this.#failures === 0) {
      this.#parts.telemetry.logger.warn(
        { code },
        "erasing in the warehouse failed; it is tried until it succeeds",
      );
    }
    const waitMs = Math.min(MIN_BACKOFF_MS * 2 ** Math.min(this.#failures, 10), MAX_BACKOFF_MS);
    this.#failures += 1;
    try {
      await sleep(waitMs, undefined, { signal: this.#abort.signal });
    } catch {
      // Aborted, the only way this sleep rejects: the loop ends with its next step.
    }
  }
}
