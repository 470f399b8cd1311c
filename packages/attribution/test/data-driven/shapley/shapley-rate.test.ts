import fc from "fast-check";
import { expect, test } from "vitest";
import { tabulatePaths, type PathRow } from "../../../src/data-driven/path-table.ts";
import { shapleyRate } from "../../../src/data-driven/shapley/shapley-rate.ts";
import { anyRows, byName, sum, tableOf } from "../fixtures.ts";

test("worked example: A converts 1 of 1, B 0 of 1, A B 1 of 2; A earns 2½, B −½", () => {
  const table = tableOf({ A: [1], B: [0, 1], "A B": [1, 1] });
  expect(byName(table, shapleyRate(table).credit(table))).toEqual({ A: 2.5, B: -0.5 });
});

/** The definition, by the sum over all 2^n coalitions. */
function byDefinition(rows: readonly PathRow[]): Map<string, number> {
  const sets = new Map<string, { conversions: number; journeys: number }>();
  for (const { path, conversions, nulls } of rows) {
    const key = [...new Set(Array.from(path, String))].toSorted().join("");
    const { conversions: c, journeys: j } = sets.get(key) ?? { conversions: 0, journeys: 0 };
    sets.set(key, { conversions: c + conversions, journeys: j + conversions + nulls });
  }
  const rate = (members: readonly string[]): number => {
    const found = sets.get(members.toSorted().join(""));
    return found === undefined || found.journeys === 0 ? 0 : found.conversions / found.journeys;
  };
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const credits = new Map<string, number>();
  for (const [key, { conversions }] of sets) {
    const members = key.split("").filter((name) => name !== "");
    if (conversions === 0 || members.length === 0) continue;
    for (const channel of members) {
      const others = members.filter((name) => name !== channel);
      let share = 0;
      for (let bits = 0; bits < 2 ** others.length; bits += 1) {
        const coalition = others.filter((_, i) => (bits >> i) & 1);
        const weight =
          (factorial(coalition.length) * factorial(others.length - coalition.length)) /
          factorial(members.length);
        const before = coalition.length === 0 ? 0 : rate(coalition);
        share += weight * (rate([...coalition, channel]) - before);
      }
      const earned = (conversions * share) / rate(members);
      credits.set(channel, (credits.get(channel) ?? 0) + earned);
    }
  }
  return credits;
}

test("is the Shapley value of each set's game, and sums to the conversions", () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      const table = tabulatePaths(rows);
      const { conversions, unattributedConversions } = shapleyRate(table).credit(table);
      const expected = byDefinition(rows);
      for (const [i, name] of table.channels.entries()) {
        expect(conversions[i]).toBeCloseTo(expected.get(name) ?? 0, 8);
      }
      expect(sum(conversions) + unattributedConversions).toBeCloseTo(sum(table.conversions), 8);
    }),
  );
});

test("is exact for 24 channels on one path: only the coalitions that occur are worth anything", () => {
  const names = Array.from({ length: 24 }, (_, i) => `c${i}`);
  const table = tabulatePaths([
    { path: names, conversions: 10, value: 0, nulls: 10 },
    { path: ["c0"], conversions: 1, value: 0, nulls: 1 },
  ]);
  // v(all) = ½ is shared by 24; of v(c0) = ½, c0 gains 1/24 and every other loses 1/(24·23).
  const { conversions } = shapleyRate(table).credit(table);
  expect(conversions[0]).toBeCloseTo(10 * (1 / 24 + 1 / 24) + 1, 12);
  expect(conversions[5]).toBeCloseTo(10 * (1 / 24 - 1 / (24 * 23)), 12);
});
