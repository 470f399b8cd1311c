import { expect, test } from "vitest";
import { tabulatePaths } from "../../src/data-driven/path-table.ts";
import { markov, MARKOV_ORDERS } from "../../src/data-driven/markov/markov.ts";
import { PATH_MODEL_NAMES, pathModel } from "../../src/data-driven/path-models.ts";

const table = tabulatePaths([
  { path: ["a", "b", "a", "c"], conversions: 3, value: 30, nulls: 1 },
  { path: ["b", "c"], conversions: 1, value: 5, nulls: 4 },
  { path: ["c"], conversions: 0, value: 0, nulls: 6 },
  { path: [], conversions: 2, value: 7, nulls: 0 },
]);

test.each(PATH_MODEL_NAMES)("%s credits every conversion that has a touchpoint", (name) => {
  const { conversions, values, unattributedConversions } = pathModel(name, table).credit(table);
  expect(conversions.reduce((a, b) => a + b)).toBeCloseTo(4, 12);
  expect(values.reduce((a, b) => a + b)).toBeCloseTo(35, 11);
  expect(unattributedConversions).toBe(2);
});

test("names stand for what they say", () => {
  const credits = (name: (typeof PATH_MODEL_NAMES)[number]) =>
    Array.from(pathModel(name, table).credit(table).conversions, (c) => Number(c.toFixed(6)));
  expect(credits("shapley")).toEqual([1, 1.5, 1.5]);
  expect(credits("j_shaped")).toEqual([0.9, 0.55, 2.55]);
  expect(credits("inverse_j")).toEqual([2.1, 1.05, 0.85]);
  for (const [i, order] of MARKOV_ORDERS.entries()) {
    const name = PATH_MODEL_NAMES[i] ?? "shapley";
    expect(credits(name)).toEqual(
      Array.from(markov(table, { order }).credit(table).conversions, (c) => Number(c.toFixed(6))),
    );
  }
});
