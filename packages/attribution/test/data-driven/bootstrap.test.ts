import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binomial } from "../../src/data-driven/binomial.ts";
import { bootstrap, compareChannels, percentileInterval } from "../../src/data-driven/bootstrap.ts";
import type { PathModel } from "../../src/data-driven/credits.ts";
import { fractribution } from "../../src/data-driven/fractribution.ts";
import { markov } from "../../src/data-driven/markov/markov.ts";
import { tabulatePaths, type PathTable } from "../../src/data-driven/path-table.ts";
import { seededRandom } from "../../src/data-driven/seeded-random.ts";
import { shapley } from "../../src/data-driven/shapley/shapley.ts";
import { anyRows, sum, tableOf } from "./fixtures.ts";

const models: Readonly<Record<string, (table: PathTable) => PathModel>> = {
  markov: (table) => markov(table, { order: 1 }),
  shapley,
  fractribution,
};

test("worked example: 50 of 100 journeys of A convert; its credit is 50, about 40 to 60", () => {
  const table = tableOf({ A: [50, 50] });
  const result = bootstrap(table, shapley(table), { random: seededRandom(1), replicates: 1000 });
  expect(result.estimate.conversions[0]).toBe(50);
  const { low, high } = percentileInterval(result.conversions[0] ?? new Float64Array());
  expect(low).toBeGreaterThanOrEqual(38);
  expect(low).toBeLessThanOrEqual(42);
  expect(high).toBeGreaterThanOrEqual(58);
  expect(high).toBeLessThanOrEqual(62);
});

test("worked example: of 0 … 100 with confidence 0.9, 5 to 95", () => {
  const samples = Float64Array.from({ length: 101 }, (_, i) => 100 - i);
  const { low, high } = percentileInterval(samples, 0.9);
  expect(low).toBeCloseTo(5, 10);
  expect(high).toBeCloseTo(95, 10);
});

describe("channels", () => {
  const table = tableOf({ A: [50, 950], B: [50, 950], C: [120, 880], "A B": [10, 40] });

  test.each(Object.entries(models))("under %s, equal ones do not differ", (_, modelOf) => {
    const result = bootstrap(table, modelOf(table), { random: seededRandom(3) });
    const same = compareChannels(result, 0, 1);
    expect(same.differ).toBe(false);
    expect(same.low).toBeLessThan(0);
    expect(same.high).toBeGreaterThan(0);
  });

  test.each(Object.entries(models))("under %s, one with twice as many differs", (_, modelOf) => {
    const result = bootstrap(table, modelOf(table), { random: seededRandom(3) });
    const other = compareChannels(result, 2, 0);
    expect(other.differ).toBe(true);
    expect(other.low).toBeGreaterThan(0);
    expect(other.difference).toBeGreaterThan(other.low);
    expect(other.difference).toBeLessThan(other.high);
    expect(compareChannels(result, 0, 2)).toMatchObject({ differ: true });
  });
});

test("the same seed gives the same figures, another seed others", () => {
  const table = tableOf({ A: [5, 9, 10], "A B": [7, 3, 14] });
  const run = (seed: number) =>
    bootstrap(table, shapley(table), { random: seededRandom(seed), replicates: 20 });
  expect(run(4)).toEqual(run(4));
  expect(run(4)).not.toEqual(run(5));
});

test("every resample has as many journeys, and only of paths and outcomes that there are", () => {
  fc.assert(
    fc.property(anyRows, fc.integer(), (rows, seed) => {
      const table = tabulatePaths(rows);
      const journeys = sum(table.conversions) + sum(table.nulls);
      const watched: PathModel = {
        credit: (counts) => {
          expect(sum(counts.conversions) + sum(counts.nulls)).toBe(journeys);
          for (const [p, conversions] of table.conversions.entries()) {
            if (conversions === 0) expect(counts.conversions[p]).toBe(0);
            if (table.nulls[p] === 0) expect(counts.nulls[p]).toBe(0);
            expect(counts.values[p]).toBeCloseTo(2.5 * (counts.conversions[p] ?? 0), 9);
          }
          return shapley(table).credit(counts);
        },
      };
      bootstrap(table, watched, { random: seededRandom(seed), replicates: 3 });
    }),
  );
});

test("an interval of 90 % holds the truth in about 90 % of worlds", () => {
  // 1,000 journeys of the paths A and A B, of which 5 % and 8 % convert: A's true credit is 25 + 20.
  const truth = 500 * 0.05 + 0.5 * 500 * 0.08;
  const worlds = 300;
  const random = seededRandom(11);
  let held = 0;
  for (let world = 0; world < worlds; world += 1) {
    const touched = binomial(random, 1000, 0.5);
    const a = binomial(random, touched, 0.05);
    const ab = binomial(random, 1000 - touched, 0.08);
    const table = tableOf({ A: [a, touched - a], "A B": [ab, 1000 - touched - ab] });
    const { conversions } = bootstrap(table, shapley(table), { random, replicates: 100 });
    const { low, high } = percentileInterval(conversions[0] ?? new Float64Array(), 0.9);
    if (low <= truth && truth <= high) held += 1;
  }
  expect(held / worlds).toBeGreaterThan(0.84);
  expect(held / worlds).toBeLessThan(0.96);
});

test("counts that are no whole journeys, and settings out of range, are refused", () => {
  const table = tableOf({ A: [1.5, 1] });
  const random = seededRandom(1);
  expect(() => bootstrap(table, shapley(table), { random })).toThrow(
    "path 0: expected whole numbers of journeys to draw from, got 1.5",
  );
  const whole = tableOf({ A: [1, 1] });
  expect(() => bootstrap(whole, shapley(whole), { random, replicates: 1 })).toThrow(RangeError);
  const result = bootstrap(whole, shapley(whole), { random, replicates: 2 });
  expect(() => compareChannels(result, 0, 1)).toThrow(RangeError);
  expect(() => compareChannels(result, 0, 0, 95)).toThrow(
    "confidence: expected a number between 0 and 1, got 95",
  );
});
