import type { JourneyPath } from "./journey-path.ts";
import { normalise } from "./normalise.ts";

/** Weights of the three outstanding touchpoints. The others share the rest. */
export interface WShapedOptions {
  /** The first touchpoint's weight, 0 … 1. */
  readonly firstWeight: number;
  /** Weight of the touchpoint that created the lead, 0 … 1. */
  readonly leadWeight: number;
  /** The last touchpoint's weight, 0 … 1; the three together at most 1. */
  readonly lastWeight: number;
}

export const DEFAULT_W_SHAPED: WShapedOptions = Object.freeze({
  firstWeight: 0.3,
  leadWeight: 0.3,
  lastWeight: 0.3,
});

/**
 * W-shaped: the first touchpoint, the one that created the lead and the last earn most; the others share
 * the rest equally. With f, m and l the weights of the three:
 *
 *     w(0) ∝ f, w(lead) ∝ m, w(n−1) ∝ l, and (1−f−m−l)/r for each of the r others
 *
 * A touchpoint that is two or all three of them earns their sum. The share of a missing one (no lead, no
 * others) goes to those that exist, in proportion; where they have no weight at all, to all equally.
 *
 * Example, f = m = l = 0.3: five touchpoints, lead at the third, give 0.3, 0.05, 0.3, 0.05, 0.3. Two, lead
 * at the first, give ⅔, ⅓. Three without a lead give 3/7, 1/7, 3/7.
 *
 * Source: the B2B convention of 30-30-30-10 (Bizible, now Adobe Marketo Measure, "W-shaped").
 * Cost: two writes a touchpoint.
 */
export function wShaped(
  path: JourneyPath,
  weights: Float64Array,
  offset: number,
  options: WShapedOptions = DEFAULT_W_SHAPED,
): void {
  const { length, leadIndex } = path;
  if (length === 0) return;
  const { firstWeight, leadWeight, lastWeight } = options;
  const hasLead = leadIndex >= 0 && leadIndex < length;
  const outstanding = new Set(hasLead ? [0, leadIndex, length - 1] : [0, length - 1]).size;
  const others = length - outstanding;
  // 1 − 0.7 − 0.2 − 0.1 is below 0 in float64: never a negative credit.
  const rest = others === 0 ? 0 : Math.max(0, 1 - firstWeight - leadWeight - lastWeight) / others;
  for (let i = 0; i < length; i += 1) {
    let weight = 0;
    if (i === 0) weight += firstWeight;
    if (i === leadIndex) weight += leadWeight;
    if (i === length - 1) weight += lastWeight;
    const isOther = i !== 0 && i !== leadIndex && i !== length - 1;
    weights[offset + i] = isOther ? rest : weight;
  }
  normalise(weights, offset, length);
}
