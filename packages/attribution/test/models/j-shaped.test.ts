import { expect, test } from "vitest";
import { jShaped } from "../../src/models/j-shaped.ts";
import { plainPath, weightsOf } from "./fixtures.ts";

test("worked example: four touchpoints give 0.2, 0.1, 0.1, 0.6", () => {
  const weights = weightsOf(jShaped, plainPath(4));
  for (const [i, expected] of [0.2, 0.1, 0.1, 0.6].entries()) {
    expect(weights[i]).toBeCloseTo(expected, 14);
  }
});

test("two give ¼, ¾, one everything, none nothing", () => {
  const [first, last] = weightsOf(jShaped, plainPath(2));
  expect(first).toBeCloseTo(0.25, 14);
  expect(last).toBeCloseTo(0.75, 14);
  expect(weightsOf(jShaped, plainPath(1))).toEqual([1]);
  expect(weightsOf(jShaped, plainPath(0))).toEqual([]);
});
