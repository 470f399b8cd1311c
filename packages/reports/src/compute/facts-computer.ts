import type { DimensionField } from "@tributary/protocol";
import {
  readFactColumns,
  readTouchColumns,
  sizeOfColumns,
  type FactColumns,
  type PurchaseReading,
  type TouchColumns,
} from "./fact-columns.ts";
import { recompute, type Recomputed, type RecomputeSpec } from "./recompute.ts";

/** Touchpoints of a recomputation, sent ahead: the thread reads them while the warehouse queries the purchases. */
export interface TouchesTask {
  readonly kind: "touches";
  /** Names the facts. */
  readonly key: string;
  /** As readTouches gives them. */
  readonly touches: Uint8Array<ArrayBuffer>;
  /** The dimensions that they have. */
  readonly dimensions: readonly DimensionField[];
}

/** A recomputation over facts. */
export interface RecomputeTask {
  readonly kind: "recompute";
  /** Names the facts; those kept under the same key are used again. */
  readonly key: string;
  /** As readPurchases gives them; undefined where the facts may be kept. */
  readonly purchases: Uint8Array<ArrayBuffer> | undefined;
  readonly reading: PurchaseReading;
  readonly spec: RecomputeSpec;
}

/** Facts kept for the next question, bytes. */
const MAX_KEPT_BYTES = 512 << 20;
/** Touchpoints that wait for their purchases; further ones displace the oldest, which are then read again. */
const MAX_WAITING = 2;

/** Computes from facts, and keeps the last ones: a question is mostly followed by others about the same facts. */
export class FactsComputer {
  readonly #seed: number;
  readonly #waiting = new Map<string, TouchColumns>();
  #kept: { readonly key: string; readonly columns: FactColumns } | undefined;

  /** @param seed of the dictionaries of users */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** @throws WarehouseError `report_too_large` */
  take({ key, touches, dimensions }: TouchesTask): void {
    this.#kept = undefined;
    this.#waiting.set(key, readTouchColumns(touches, dimensions, this.#seed));
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MAX_WAITING) return;
      this.#waiting.delete(oldest);
    }
  }

  /**
   * @returns undefined where the facts are missing: give the touchpoints again, then the purchases
   * @throws WarehouseError `report_too_large`
   */
  run(task: RecomputeTask): Recomputed | undefined {
    const columns = this.#columnsOf(task);
    return columns === undefined ? undefined : recompute(columns, task.spec);
  }

  #columnsOf({ key, purchases, reading }: RecomputeTask): FactColumns | undefined {
    if (this.#kept?.key === key) return this.#kept.columns;
    const touches = this.#waiting.get(key);
    if (touches === undefined || purchases === undefined) return undefined;
    this.#waiting.delete(key);
    const columns = readFactColumns(touches, purchases, reading);
    if (sizeOfColumns(columns) <= MAX_KEPT_BYTES) this.#kept = { key, columns };
    return columns;
  }
}
