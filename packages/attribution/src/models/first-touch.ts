import type { Path } from "./path.ts";

/**
 * First touch: the oldest touchpoint earns everything.
 *
 *     w(0) = 1, every other w(i) = 0
 *
 * Example: a path search → email → social gives 1, 0, 0.
 *
 * Source: "first interaction" of Google Analytics and Matomo, "first click" of Snowplow.
 * Cost: one write a touchpoint.
 */
export function firstTouch(path: Path, weights: Float64Array, offset: number): void {
  const { length } = path;
  if (length === 0) return;
  weights.fill(0, offset, offset + length);
  weights[offset] = 1;
}
