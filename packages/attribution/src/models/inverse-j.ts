import type { Path } from "./path.ts";
import { positionBased, type PositionBasedOptions } from "./position-based.ts";

const WEIGHTS: PositionBasedOptions = Object.freeze({ firstWeight: 0.6, lastWeight: 0.2 });

/**
 * Inverse J: the first touchpoint earns most, the last some, the middle shares the rest.
 *
 *     n = 1: 1
 *     n = 2: ¾, ¼
 *     n ≥ 3: 0.6, 0.2/(n−2) each, 0.2
 *
 * Example: four touchpoints give 0.6, 0.1, 0.1, 0.2.
 *
 * Source: Adobe Analytics "Inverse J".
 * Cost: one write a touchpoint.
 */
export function inverseJ(path: Path, weights: Float64Array, offset: number): void {
  positionBased(path, weights, offset, WEIGHTS);
}
