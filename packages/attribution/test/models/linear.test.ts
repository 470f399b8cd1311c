import { expect, test } from "vitest";
import { linear } from "../../src/models/linear.ts";
import { plainPath, weightsOf } from "./fixtures.ts";

test("worked example: search → email → search → social gives ¼ each", () => {
  expect(weightsOf(linear, plainPath(4))).toEqual([0.25, 0.25, 0.25, 0.25]);
});

test("one touchpoint earns everything, none writes nothing", () => {
  expect(weightsOf(linear, plainPath(1))).toEqual([1]);
  expect(weightsOf(linear, plainPath(0))).toEqual([]);
});
