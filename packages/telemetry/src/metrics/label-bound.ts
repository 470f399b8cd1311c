import type { MetricDefinition } from "./names.ts";

type Labels = Readonly<Record<string, string | number>>;

/** What stands for the values that came after a label's bound was reached. */
const OVERFLOW_VALUE = "other";

/** Keeps the number of a metric's series bounded: each open label takes so many values, then `other`. */
export class LabelBound {
  readonly #closed: readonly (readonly [string, readonly string[]])[];
  readonly #open: readonly (readonly [string, number, Set<string | number>])[];

  constructor(labels: MetricDefinition["labels"]) {
    const entries = Object.entries(labels);
    this.#closed = entries.flatMap(([name, values]) =>
      typeof values === "number" ? [] : [[name, values] as const],
    );
    this.#open = entries.flatMap(([name, most]) =>
      typeof most === "number" ? [[name, most, new Set<string | number>()] as const] : [],
    );
  }

  /** `labels` itself, or a copy in which values over the bound are `other`. */
  limit(labels: Labels): Labels {
    let limited = labels;
    for (const [name, most, seen] of this.#open) {
      const value = labels[name] ?? "";
      if (seen.has(value)) continue;
      if (seen.size < most) seen.add(value);
      else limited = { ...limited, [name]: OVERFLOW_VALUE };
    }
    return limited;
  }

  /** Every combination of closed labels; none where a label is open, one empty where there is no label. */
  closedCombinations(): Labels[] {
    if (this.#open.length > 0) return [];
    return this.#closed.reduce<Labels[]>(
      (rows, [name, values]) =>
        rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
      [{}],
    );
  }
}
