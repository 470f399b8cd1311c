import type { Path } from "./path.ts";

export interface TimeDecayOptions {
  /** After this many milliseconds a touchpoint counts half; 1 or more. */
  readonly halfLifeMs: number;
}

/** Seven days, as in Google Ads and Adobe Analytics. */
export const DEFAULT_TIME_DECAY: TimeDecayOptions = Object.freeze({
  halfLifeMs: 7 * 24 * 60 * 60 * 1000,
});

/**
 * Time decay: the nearer to the conversion, the more; each half-life of age halves the weight. With Δt(i)
 * the age of touchpoint i at the conversion and h the half-life:
 *
 *     w(i) = 2^(−Δt(i)/h) / Σ 2^(−Δt(j)/h)
 *
 * It is computed from the age beyond the youngest touchpoint's, which cancels out: a path that ended
 * years ago would otherwise be 0/0.
 *
 * Example, h = 7 days: ages of 14, 7 and 0 days give 1/7, 2/7, 4/7.
 *
 * Source: Google Ads "About attribution models" (half-life of seven days), Adobe Analytics "time decay".
 * Cost: one power of two a touchpoint.
 */
export function timeDecay(
  path: Path,
  weights: Float64Array,
  offset: number,
  options: TimeDecayOptions = DEFAULT_TIME_DECAY,
): void {
  const { length, ageMs } = path;
  const { halfLifeMs } = options;
  let youngestMs = Infinity;
  for (let i = 0; i < length; i += 1) youngestMs = Math.min(youngestMs, ageMs[i] ?? 0);
  let sum = 0;
  for (let i = 0; i < length; i += 1) {
    const weight = 2 ** ((youngestMs - (ageMs[i] ?? 0)) / halfLifeMs);
    weights[offset + i] = weight;
    sum += weight;
  }
  for (let i = 0; i < length; i += 1) weights[offset + i] = (weights[offset + i] ?? 0) / sum;
}
