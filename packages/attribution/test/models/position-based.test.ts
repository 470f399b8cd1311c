import fc from "fast-check";
import { expect, test } from "vitest";
import { positionBased, type PositionBasedOptions } from "../../src/models/position-based.ts";
import { plainPath, sumOf, weightsOf } from "./fixtures.ts";

function weightsWith(options: PositionBasedOptions, length: number): number[] {
  return weightsOf(
    (path, weights, offset) => positionBased(path, weights, offset, options),
    plainPath(length),
  );
}

function expectClose(weights: readonly number[], expected: readonly number[]): void {
  expect(weights).toHaveLength(expected.length);
  for (const [i, weight] of weights.entries())
    expect(weight).toBeCloseTo(expected[i] ?? Number.NaN, 14);
}

test("worked example: four touchpoints give 0.4, 0.1, 0.1, 0.4", () => {
  expectClose(weightsOf(positionBased, plainPath(4)), [0.4, 0.1, 0.1, 0.4]);
});

test("worked example: two give ½, ½, one gives 1", () => {
  expect(weightsOf(positionBased, plainPath(2))).toEqual([0.5, 0.5]);
  expect(weightsOf(positionBased, plainPath(1))).toEqual([1]);
  expect(weightsOf(positionBased, plainPath(0))).toEqual([]);
});

test.each([
  { options: { firstWeight: 0.3, lastWeight: 0.5 }, length: 4, weights: [0.3, 0.1, 0.1, 0.5] },
  { options: { firstWeight: 0.2, lastWeight: 0.6 }, length: 2, weights: [0.25, 0.75] },
  { options: { firstWeight: 0, lastWeight: 0 }, length: 2, weights: [0.5, 0.5] },
  { options: { firstWeight: 0, lastWeight: 0 }, length: 3, weights: [0, 1, 0] },
  { options: { firstWeight: 0.9, lastWeight: 0.1 }, length: 3, weights: [0.9, 0, 0.1] },
])("set weights $options over $length touchpoints", ({ options, length, weights }) => {
  expectClose(weightsWith(options, length), weights);
});

test("weights sum to 1 and none is negative, whatever the ends earn", () => {
  const ends = fc
    .record({
      firstWeight: fc.double({ min: 0, max: 1, noNaN: true }),
      lastWeight: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .filter(({ firstWeight, lastWeight }) => firstWeight + lastWeight <= 1);
  fc.assert(
    fc.property(ends, fc.integer({ min: 1, max: 60 }), (options, length) => {
      const weights = weightsWith(options, length);
      expect(sumOf(weights)).toBeCloseTo(1, 12);
      expect(weights.every((weight) => weight >= 0)).toBe(true);
    }),
  );
});
