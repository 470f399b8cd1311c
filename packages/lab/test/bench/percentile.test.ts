import { expect, test } from "vitest";
import { percentileOf } from "../../src/bench/percentile.ts";

test("a percentile is the value at its share of the length, the last at most", () => {
  const sorted = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect([0, 0.5, 0.95, 0.99, 1].map((share) => percentileOf(sorted, share))).toEqual([
    1, 6, 10, 10, 10,
  ]);
  expect(percentileOf(new Float64Array([7]), 0.5)).toBe(7);
});
