import { expect, test } from "vitest";
import { firstTouch } from "../../src/models/first-touch.ts";
import { plainPath, weightsOf } from "./fixtures.ts";

test("worked example: search → email → social gives 1, 0, 0", () => {
  expect(weightsOf(firstTouch, plainPath(3))).toEqual([1, 0, 0]);
});

test("one touchpoint earns everything, none writes nothing", () => {
  expect(weightsOf(firstTouch, plainPath(1))).toEqual([1]);
  expect(weightsOf(firstTouch, plainPath(0))).toEqual([]);
});
