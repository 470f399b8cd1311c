import { expect, test } from "vitest";
import { lastTouch } from "../../src/models/last-touch.ts";
import { plainPath, weightsOf } from "./fixtures.ts";

test("worked example: search → email → social gives 0, 0, 1", () => {
  expect(weightsOf(lastTouch, plainPath(3))).toEqual([0, 0, 1]);
});

test("one touchpoint earns everything, none writes nothing", () => {
  expect(weightsOf(lastTouch, plainPath(1))).toEqual([1]);
  expect(weightsOf(lastTouch, plainPath(0))).toEqual([]);
});
