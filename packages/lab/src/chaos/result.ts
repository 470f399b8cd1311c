import type { FaultKind } from "./inject/faults.ts";
import type { Verdict } from "./judge/verdict.ts";

/** Milliseconds of a number of measurements. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ChaosResult extends Verdict {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Partial<Record<FaultKind, number>>>;
  readonly retries: number;
  /** From each fault until work went on in every partition; faults may overlap. */
  readonly recoveryMs: Readonly<Partial<Record<FaultKind, Spread>>>;
  /** Events that were read by one owner and computed by another, or once more by the same. */
  readonly recomputedEvents: number;
  /** From an entry's arrival in Redis to its commit, sampled through the run, faults and all. */
  readonly commitLatencyMs: Spread;
  /** Kept where something was found. */
  readonly dataDir: string | null;
}

/** Of no measurements all is 0. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
