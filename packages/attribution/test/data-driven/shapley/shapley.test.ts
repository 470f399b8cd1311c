import fc from "fast-check";
import { expect, test } from "vitest";
import { tabulatePaths, type PathRow } from "../../../src/data-driven/path-table.ts";
import { shapley } from "../../../src/data-driven/shapley/shapley.ts";
import { anyRows, byName, named, sum, tableOf } from "../fixtures.ts";

test("worked example: A converts 4 times, A B 6 times; A earns 7, B 3", () => {
  const table = tableOf({ A: [4], "A B": [6, 2, 60] });
  const credits = shapley(table).credit(table);
  expect(byName(table, credits)).toEqual({ A: 7, B: 3 });
  expect(named(table, credits.values)).toEqual({ A: 30, B: 30 });
});

test("repeats and order do not matter, and the empty path is nobody's", () => {
  const table = tableOf({ "B A B": [2], "": [5, 1, 50] });
  const credits = shapley(table).credit(table);
  expect(byName(table, credits)).toEqual({ A: 1, B: 1 });
  expect(credits).toMatchObject({ unattributedConversions: 5, unattributedValue: 50 });
});

/** The definition: the mean over all orders of arrival of what a channel adds to the coalition before it. */
function byDefinition(rows: readonly PathRow[], channels: readonly string[]): number[] {
  const worth = (coalition: ReadonlySet<unknown>): number =>
    sum(
      rows
        .filter(({ path }) => path.length > 0 && [...path].every((touch) => coalition.has(touch)))
        .map(({ conversions }) => conversions),
    );
  const orders = permutations(channels);
  return channels.map((channel) => {
    const gains = orders.map((order) => {
      const before = new Set(order.slice(0, order.indexOf(channel)));
      return worth(new Set([...before, channel])) - worth(before);
    });
    return sum(gains) / orders.length;
  });
}

function permutations(items: readonly string[]): string[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

test("is the mean marginal contribution over all orders of the channels", () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      const table = tabulatePaths(rows);
      const { conversions, unattributedConversions } = shapley(table).credit(table);
      const expected = byDefinition(rows, table.channels);
      for (const [i, credit] of conversions.entries()) {
        expect(credit).toBeCloseTo(expected[i] ?? Number.NaN, 10);
      }
      expect(sum(conversions) + unattributedConversions).toBeCloseTo(sum(table.conversions), 9);
    }),
  );
});

test("300 channels on one path share its conversion", () => {
  const path = Array.from({ length: 300 }, (_, i) => `c${i}`);
  const table = tabulatePaths([{ path, conversions: 3, value: 0, nulls: 0 }]);
  const { conversions } = shapley(table).credit(table);
  expect(conversions.every((credit) => credit === 0.01)).toBe(true);
});
