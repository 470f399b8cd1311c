import fc from "fast-check";
import { expect, test } from "vitest";
import { fractribution } from "../../src/data-driven/fractribution.ts";
import { tabulatePaths } from "../../src/data-driven/path-table.ts";
import { PATH_TRANSFORMS, transformPaths } from "../../src/data-driven/transforms.ts";
import { anyRows, byName, sum, tableOf } from "./fixtures.ts";

test("worked example: A B converts 1 of 2, A 1 of 4; A earns 1⅔, B ⅓", () => {
  const table = tableOf({ "A B": [1, 1], A: [1, 3] });
  const { A, B } = byName(table, fractribution(table).credit(table));
  expect(A).toBeCloseTo(5 / 3, 14);
  expect(B).toBeCloseTo(1 / 3, 14);
});

test("where no touch makes a conversion more likely, the last earns it", () => {
  const table = tableOf({ "A B": [1, 9], A: [1], B: [1] });
  expect(byName(table, fractribution(table).credit(table))).toEqual({ A: 1, B: 2 });
});

test("the empty path is unattributed, and counts as a path without the touch", () => {
  const table = tableOf({ "": [1, 1, 7], A: [1, 3] });
  const credits = fractribution(table).credit(table);
  expect(byName(table, credits)).toEqual({ A: 1 });
  expect(credits).toMatchObject({ unattributedConversions: 1, unattributedValue: 7 });
});

test("after frequency, A(1) and A(2) are both A", () => {
  const table = transformPaths(tableOf({ "A A B": [4, 4], "A B": [2, 6], B: [1, 9] }), "frequency");
  const { A, B } = byName(table, fractribution(table).credit(table));
  expect((A ?? 0) + (B ?? 0)).toBeCloseTo(7, 12);
  expect(A).toBeGreaterThan(0);
});

test("credits are never negative and sum to the conversions, under every transform and order of the paths", () => {
  fc.assert(
    fc.property(anyRows, fc.constantFrom(...PATH_TRANSFORMS), (rows, transform) => {
      const table = transformPaths(tabulatePaths(rows), transform);
      const credits = fractribution(table).credit(table);
      expect(credits.conversions.every((credit) => credit >= 0)).toBe(true);
      expect(sum(credits.conversions) + credits.unattributedConversions).toBeCloseTo(
        sum(table.conversions),
        9,
      );
      const reversed = transformPaths(tabulatePaths(rows.toReversed()), transform);
      const other = byName(reversed, fractribution(reversed).credit(reversed));
      for (const [name, credit] of Object.entries(byName(table, credits))) {
        expect(other[name]).toBeCloseTo(credit, 9);
      }
    }),
  );
});
