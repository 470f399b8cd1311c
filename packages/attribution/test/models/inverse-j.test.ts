import { expect, test } from "vitest";
import { inverseJ } from "../../src/models/inverse-j.ts";
import { jShaped } from "../../src/models/j-shaped.ts";
import { plainPath, weightsOf } from "./fixtures.ts";

test("worked example: four touchpoints give 0.6, 0.1, 0.1, 0.2", () => {
  const weights = weightsOf(inverseJ, plainPath(4));
  for (const [i, expected] of [0.6, 0.1, 0.1, 0.2].entries()) {
    expect(weights[i]).toBeCloseTo(expected, 14);
  }
});

test.each([0, 1, 2, 3, 7])("is the mirror image of j_shaped, %i touchpoints", (length) => {
  const mirrored = weightsOf(jShaped, plainPath(length)).toReversed();
  const weights = weightsOf(inverseJ, plainPath(length));
  expect(weights).toHaveLength(mirrored.length);
  for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(mirrored[i] ?? 0, 14);
});
