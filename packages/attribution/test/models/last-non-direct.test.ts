import { expect, test } from "vitest";
import { lastNonDirect } from "../../src/models/last-non-direct.ts";
import { pathOf, weightsOf } from "./fixtures.ts";

const direct = { direct: true };
const search = { direct: false };

test("worked example: search → email → direct gives 0, 1, 0", () => {
  expect(weightsOf(lastNonDirect, pathOf([search, search, direct]))).toEqual([0, 1, 0]);
});

test("worked example: where all are direct, the last earns everything", () => {
  expect(weightsOf(lastNonDirect, pathOf([direct, direct]))).toEqual([0, 1]);
});

test.each([
  {
    name: "several direct at the end",
    path: [search, direct, direct, direct],
    weights: [1, 0, 0, 0],
  },
  { name: "direct in the middle", path: [search, direct, search], weights: [0, 0, 1] },
  { name: "one direct touchpoint", path: [direct], weights: [1] },
  { name: "none", path: [], weights: [] },
])("$name", ({ path, weights }) => {
  expect(weightsOf(lastNonDirect, pathOf(path))).toEqual(weights);
});
