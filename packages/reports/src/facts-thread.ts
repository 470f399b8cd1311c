import type { DimensionField } from "@tributary/protocol";
import type { JourneyFacts } from "@tributary/warehouse";
import { readFactColumns, type FactColumns } from "./fact-columns.ts";
import { recompute, type Recomputed, type RecomputeSpec } from "./recompute.ts";

/** A recomputation over facts. */
export interface RecomputeTask {
  readonly kind: "recompute";
  /** Names the facts: what is kept under it is used again. */
  readonly key: string;
  /** Undefined where they may be kept. */
  readonly facts: JourneyFacts | undefined;
  /** Columns of touchpoints that the facts have. */
  readonly touchDimensions: readonly DimensionField[];
  /** How many columns of the conversions' dimensions they have. */
  readonly conversionDimensions: number;
  readonly spec: RecomputeSpec;
}

/** Facts kept for the next question, bytes. */
const MAX_KEPT_BYTES = 512 << 20;

/** Computes from facts, and keeps the last ones: most questions that follow another are about the same. */
export class FactsComputer {
  readonly #seed: number;
  #kept: { readonly key: string; readonly columns: FactColumns } | undefined;

  /** @param seed of the dictionaries of users */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * @returns undefined where the task has no facts and they are not kept: it is to be given again, with them
   * @throws WarehouseError `report_too_large`
   */
  run(task: RecomputeTask): Recomputed | undefined {
    const columns = this.#columnsOf(task);
    return columns === undefined ? undefined : recompute(columns, task.spec);
  }

  #columnsOf({
    key,
    facts,
    touchDimensions,
    conversionDimensions,
  }: RecomputeTask): FactColumns | undefined {
    if (this.#kept?.key === key) return this.#kept.columns;
    if (facts === undefined) return undefined;
    this.#kept = undefined;
    const columns = readFactColumns(facts, touchDimensions, conversionDimensions, this.#seed);
    if (columns.byteLength <= MAX_KEPT_BYTES) this.#kept = { key, columns };
    return columns;
  }
}
