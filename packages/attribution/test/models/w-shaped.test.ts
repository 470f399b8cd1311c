import fc from "fast-check";
import { expect, test } from "vitest";
import { wShaped, type WShapedOptions } from "../../src/models/w-shaped.ts";
import { anyJourney, journeyOf, sumOf, weightsOf } from "./fixtures.ts";

function journey(length: number, leadIndex?: number) {
  return journeyOf(
    Array.from({ length }, () => ({})),
    leadIndex,
  );
}

test.each([
  ["five, lead at the third", journey(5, 2), [0.3, 0.05, 0.3, 0.05, 0.3]],
  ["two, lead at the first", journey(2, 0), [2 / 3, 1 / 3]],
  ["three without a lead", journey(3), [3 / 7, 1 / 7, 3 / 7]],
])("worked example: %s", (_, path, expected) => {
  const weights = weightsOf(wShaped, path);
  expect(weights).toHaveLength(expected.length);
  for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i] ?? 0, 14);
});

test.each([
  ["one that is first, lead and last", journey(1, 0), [1]],
  ["one without a lead", journey(1), [1]],
  ["two without a lead", journey(2), [0.5, 0.5]],
  ["a lead behind the path counts as none", journey(2, 2), [0.5, 0.5]],
  ["lead at the last", journey(3, 2), [0.3, 0.1, 0.6]],
  ["three with the lead between", journey(3, 1), [1 / 3, 1 / 3, 1 / 3]],
  ["none", journey(0), []],
])("%s", (_, path, expected) => {
  const weights = weightsOf(wShaped, path);
  expect(weights).toHaveLength(expected.length);
  for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i] ?? 0, 14);
});

test("weights can be set; where nobody there has one, all earn the same", () => {
  const weightsWith = (options: WShapedOptions, length: number, lead?: number) =>
    weightsOf((path, out, offset) => wShaped(path, out, offset, options), journey(length, lead));
  const onlyLead = { firstWeight: 0, leadWeight: 1, lastWeight: 0 };
  expect(weightsWith(onlyLead, 4, 1)).toEqual([0, 1, 0, 0]);
  expect(weightsWith(onlyLead, 4)).toEqual([0.25, 0.25, 0.25, 0.25]);
});

test("weights sum to 1 and none is negative, wherever the lead is", () => {
  const options = fc
    .record({
      firstWeight: fc.double({ min: 0, max: 1, noNaN: true }),
      leadWeight: fc.double({ min: 0, max: 1, noNaN: true }),
      lastWeight: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .filter(
      ({ firstWeight, leadWeight, lastWeight }) => firstWeight + leadWeight + lastWeight <= 1,
    );
  fc.assert(
    fc.property(options, anyJourney, (set, path) => {
      const weights = weightsOf((p, out, offset) => wShaped(p, out, offset, set), path);
      expect(sumOf(weights)).toBeCloseTo(1, 12);
      expect(weights.every((weight) => weight >= 0)).toBe(true);
    }),
  );
});
