import type { Path } from "./path.ts";

/** Weights of the two ends of a path. The middle shares the rest. */
export interface PositionBasedOptions {
  /** The first touchpoint's weight, 0 … 1. */
  readonly firstWeight: number;
  /** The last touchpoint's weight, 0 … 1; with `firstWeight` at most 1. */
  readonly lastWeight: number;
}

export const DEFAULT_POSITION_BASED: PositionBasedOptions = Object.freeze({
  firstWeight: 0.4,
  lastWeight: 0.4,
});

/**
 * Position based (U-shaped): the ends earn most, the middle shares the rest equally. With f and l the
 * weights of first and last:
 *
 *     n = 1: 1
 *     n = 2: f/(f+l), l/(f+l)          (½, ½ where both are 0)
 *     n ≥ 3: f, (1−f−l)/(n−2) each, l
 *
 * Example, f = l = 0.4: four touchpoints give 0.4, 0.1, 0.1, 0.4; two give ½, ½; one gives 1. A channel
 * at both ends earns both.
 *
 * Source: Snowplow and DP6 "position based", PostHog; Google Analytics' former 40-20-40 model.
 * Cost: one write a touchpoint.
 */
export function positionBased(
  path: Path,
  weights: Float64Array,
  offset: number,
  options: PositionBasedOptions = DEFAULT_POSITION_BASED,
): void {
  const { length } = path;
  if (length === 0) return;
  const { firstWeight, lastWeight } = options;
  if (length === 1) {
    weights[offset] = 1;
    return;
  }
  if (length === 2) {
    const ends = firstWeight + lastWeight;
    weights[offset] = ends > 0 ? firstWeight / ends : 0.5;
    weights[offset + 1] = ends > 0 ? lastWeight / ends : 0.5;
    return;
  }
  // 1 − 0.9 − 0.1 is −2.8e-17 in float64: never a negative credit.
  const middle = Math.max(0, 1 - firstWeight - lastWeight) / (length - 2);
  weights[offset] = firstWeight;
  weights.fill(middle, offset + 1, offset + length - 1);
  weights[offset + length - 1] = lastWeight;
}
