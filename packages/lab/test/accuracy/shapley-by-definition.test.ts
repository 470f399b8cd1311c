import { tabulatePaths } from "@tributary/attribution";
import { expect, test } from "vitest";
import { shapleyByDefinition } from "../../src/accuracy/shapley-by-definition.ts";

const row = (path: readonly string[], conversions: number) => ({
  path,
  conversions,
  value: 0,
  nulls: 0,
});

test("worked example: A converts 4 times, A B 6 times; A earns 7, B 3", () => {
  const values = shapleyByDefinition(tabulatePaths([row(["A"], 4), row(["B", "A", "B"], 6)]));
  expect(values["A"]).toBeCloseTo(7, 12);
  expect(values["B"]).toBeCloseTo(3, 12);
});

test("too many channels for all coalitions are refused", () => {
  const channels = Array.from({ length: 21 }, (_, i) => `c${i}`);
  expect(() => shapleyByDefinition(tabulatePaths([row(channels, 1)]))).toThrow(
    "expected at most 20 channels in PathData, got 21",
  );
});
