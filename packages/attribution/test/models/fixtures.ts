import fc from "fast-check";
import type { JourneyPath, TouchType } from "../../src/models/journey-path.ts";
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

/** A path with channels, types and, where given, the touchpoint that created the lead. */
export function journeyOf(
  touchpoints: readonly { channel?: string; type?: TouchType; ageMs?: number }[],
  leadIndex = -1,
): JourneyPath {
  return {
    ...pathOf(touchpoints.map((touch) => ({ ...touch, direct: touch.channel === "direct" }))),
    channels: touchpoints.map(({ channel = "search" }) => channel),
    types: touchpoints.map(({ type = "click" }) => type),
    leadIndex,
  };
}

type Model<P extends Path> = (path: P, weights: Float64Array, offset: number) => void;

/** The weights a model gives, written at an offset between two guards that it must leave alone. */
export function weightsOf<P extends Path>(model: Model<P>, path: P): number[] {
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

/** Journeys of up to 20 touchpoints of three channels, with or without a lead. */
export const anyJourney: fc.Arbitrary<JourneyPath> = fc
  .record({
    touchpoints: fc.array(
      fc.record({
        ageMs: fc.integer({ min: 0, max: 400 * DAY_MS }),
        channel: fc.constantFrom("search", "email", "direct"),
        type: fc.constantFrom<TouchType>("impression", "click", "visit"),
      }),
      { minLength: 1, maxLength: 20 },
    ),
    leadIndex: fc.integer({ min: -1, max: 25 }),
  })
  .map(({ touchpoints, leadIndex }) =>
    journeyOf(
      touchpoints.toSorted((a, b) => b.ageMs - a.ageMs),
      leadIndex,
    ),
  );

export function sumOf(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}
