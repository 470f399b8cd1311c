import fc from "fast-check";
import type { Path } from "../../src/models/path.ts";

export const DAY_MS = 24 * 60 * 60 * 1000;

/** A path whose arrays are longer than it is, as reused ones are: what lies behind must not count. */
export function pathOf(touchpoints: readonly { ageMs?: number; direct?: boolean }[]): Path {
  const ageMs = new Float64Array(touchpoints.length + 2).fill(Number.NaN);
  const isDirect = new Uint8Array(touchpoints.length + 2).fill(1);
  for (const [i, touchpoint] of touchpoints.entries()) {
    ageMs[i] = touchpoint.ageMs ?? 0;
    isDirect[i] = touchpoint.direct === true ? 1 : 0;
  }
  return { length: touchpoints.length, ageMs, isDirect };
}

/** `length` touchpoints of no age. */
export function plainPath(length: number): Path {
  return pathOf(Array.from({ length }, () => ({})));
}

type Model = (path: Path, weights: Float64Array, offset: number) => void;

/** The weights a model gives, written at an offset between two guards that it must leave alone. */
export function weightsOf(model: Model, path: Path): number[] {
  const weights = new Float64Array(path.length + 5).fill(-7);
  model(path, weights, 3);
  const guards = [...weights.subarray(0, 3), ...weights.subarray(path.length + 3)];
  if (guards.some((guard) => guard !== -7)) throw new Error("a model wrote outside of its range");
  return [...weights.subarray(3, path.length + 3)];
}

/** Paths of up to 40 touchpoints in path order: ages fall, up to 30 years back. */
export const anyPath: fc.Arbitrary<Path> = fc
  .array(
    fc.record({ ageMs: fc.integer({ min: 0, max: 30 * 365 * DAY_MS }), direct: fc.boolean() }),
    { maxLength: 40 },
  )
  .map((touchpoints) => pathOf(touchpoints.toSorted((a, b) => b.ageMs - a.ageMs)));

export function sumOf(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}
