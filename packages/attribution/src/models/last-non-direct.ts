import type { Path } from "./path.ts";

/**
 * Last non-direct touch: the last touchpoint whose channel is not direct earns everything; where all
 * are direct, the last one does.
 *
 *     w(k) = 1 for k = max { i : channel(i) ≠ direct }, or n−1 where there is none; every other w(i) = 0
 *
 * Example: a path search → email → direct gives 0, 1, 0; a path direct → direct gives 0, 1.
 *
 * Source: Google Analytics 4 "Get started with attribution" (last click ignores direct unless the whole
 * path is direct), Matomo "last non-direct".
 * Cost: one write a touchpoint, and a walk back over the direct ones at the end.
 */
export function lastNonDirect(path: Path, weights: Float64Array, offset: number): void {
  const { length, isDirect } = path;
  if (length === 0) return;
  let winner = length - 1;
  while (winner >= 0 && isDirect[winner] === 1) winner -= 1;
  if (winner < 0) winner = length - 1;
  weights.fill(0, offset, offset + length);
  weights[offset + winner] = 1;
}
