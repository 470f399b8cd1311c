import type { Path } from "./path.ts";
import { positionBased, type PositionBasedOptions } from "./position-based.ts";

const WEIGHTS: PositionBasedOptions = Object.freeze({ firstWeight: 0.2, lastWeight: 0.6 });

/**
 * J-shaped: the last touchpoint earns most, the first some, the middle shares the rest.
 *
 *     n = 1: 1
 *     n = 2: ¼, ¾
 *     n ≥ 3: 0.2, 0.2/(n−2) each, 0.6
 *
 * Example: four touchpoints give 0.2, 0.1, 0.1, 0.6.
 *
 * Source: Adobe Analytics "J curve".
 * Cost: one write a touchpoint.
 */
export function jShaped(path: Path, weights: Float64Array, offset: number): void {
  positionBased(path, weights, offset, WEIGHTS);
}
