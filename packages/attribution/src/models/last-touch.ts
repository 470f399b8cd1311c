import type { Path } from "./path.ts";

/**
 * Last touch: the touchpoint nearest to the conversion earns everything.
 *
 *     w(n−1) = 1, every other w(i) = 0
 *
 * Example: a path search → email → social gives 0, 0, 1.
 *
 * Source: "last interaction" of Google Analytics and Matomo, "last click" of Snowplow.
 * Cost: one write a touchpoint.
 */
export function lastTouch(path: Path, weights: Float64Array, offset: number): void {
  const { length } = path;
  if (length === 0) return;
  weights.fill(0, offset, offset + length);
  weights[offset + length - 1] = 1;
}
