import type { Path } from "./path.ts";

/**
 * Linear: every touchpoint earns the same, repeats of a channel counted.
 *
 *     w(i) = 1/n
 *
 * Example: a path search → email → search → social gives ¼ each, so that search earns ½.
 *
 * Source: ChannelAttribution's `heuristic_models`, google/fractribution, DP6 marketing-attribution-models.
 * Cost: one write a touchpoint.
 */
export function linear(path: Path, weights: Float64Array, offset: number): void {
  const { length } = path;
  weights.fill(1 / length, offset, offset + length);
}
