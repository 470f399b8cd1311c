import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markov, MARKOV_ORDERS, type MarkovOrder } from "../../../src/data-driven/markov/markov.ts";
import { tabulatePaths, type PathRow } from "../../../src/data-driven/path-table.ts";
import { anyRows, byName, named, sum, tableOf } from "../fixtures.ts";

test("worked example: A B A B B A, A B B A A and A A; A earns 2 conversions, B 1", () => {
  const table = tableOf({ "A B A B B A": [1], "A B B A A": [1], "A A": [1] });
  const model = markov(table, { order: 1 });
  const { effects, conversionProbability } = model.removalEffects(table);
  expect(conversionProbability).toBeCloseTo(1, 13);
  expect(effects[0]).toBeCloseTo(1, 13);
  expect(effects[1]).toBeCloseTo(0.5, 13);
  const credits = byName(table, model.credit(table));
  expect(credits["A"]).toBeCloseTo(2, 12);
  expect(credits["B"]).toBeCloseTo(1, 12);
});

test("value is split as the conversions are", () => {
  const table = tableOf({ "C1 C2 C3": [1, 0, 1000], C1: [0, 1], "C2 C3": [0, 1] });
  const credits = markov(table, { order: 1 }).credit(table);
  const values = named(table, credits.values);
  expect(values["C1"]).toBeCloseTo(200, 9);
  expect(values["C2"]).toBeCloseTo(400, 9);
  expect(values["C3"]).toBeCloseTo(400, 9);
});

test("a state is k touches in a row, a shorter path one state, equal states in a row one", () => {
  const { chain } = markov(tableOf({ "A B B B C": [1], "A A A A": [1], A: [1] }), { order: 2 });
  // start, AB, BB, BC, AA, A
  expect(chain.stateCount).toBe(6);
  expect([...chain.pathStarts]).toEqual([0, 3, 4, 5]);
});

/** P(conversion) by Gaussian elimination of the dense system, with the states that hold `removed` sent to null. */
function denseProbability(rows: readonly PathRow[], order: number, removed?: string): number {
  const flows = new Map<string, Map<string, number>>();
  const flow = (from: string, to: string, count: number): void => {
    const row = flows.get(from) ?? new Map<string, number>();
    flows.set(from, row);
    row.set(to, (row.get(to) ?? 0) + count);
  };
  for (const { path, conversions, nulls } of rows) {
    const touches = Array.from(path, String);
    if (touches.length === 0) continue;
    const windows =
      touches.length < order
        ? [touches.join("")]
        : touches.slice(order - 1).map((_, i) => touches.slice(i, i + order).join(""));
    const states = ["start", ...windows.filter((state, i) => i === 0 || state !== windows[i - 1])];
    for (const [i, state] of states.entries()) {
      const next = states[i + 1];
      if (next !== undefined) flow(state, next, conversions + nulls);
      else {
        flow(state, "conversion", conversions);
        flow(state, "null", nulls);
      }
    }
  }
  const alive = [...flows.keys()].filter(
    (state) => state === "start" || removed === undefined || !state.includes(removed),
  );
  const matrix = alive.map((state) => {
    const row = flows.get(state) ?? new Map<string, number>();
    const total = sum(row.values());
    const share = (to: string): number => (total === 0 ? 0 : (row.get(to) ?? 0) / total);
    return [...alive.map((to) => (to === state ? 1 : 0) - share(to)), share("conversion")];
  });
  for (const [i, pivotRow] of matrix.entries()) {
    for (const [j, row] of matrix.entries()) {
      if (j === i) continue;
      const factor = (row[i] ?? 0) / (pivotRow[i] ?? 0);
      for (let k = i; k < row.length; k += 1) row[k] = (row[k] ?? 0) - factor * (pivotRow[k] ?? 0);
    }
  }
  const start = alive.indexOf("start");
  const row = matrix[start];
  return row === undefined ? 0 : (row.at(-1) ?? 0) / (row[start] ?? 0);
}

const anyOrder = fc.constantFrom(...MARKOV_ORDERS);
/** Without paths that no journey took: the dense system would be singular. */
const takenRows = anyRows.map((rows) =>
  rows.filter(({ conversions, nulls }) => conversions + nulls > 0),
);

describe("for any paths and order", () => {
  test("removal effects are those of the dense system", () => {
    fc.assert(
      fc.property(takenRows, anyOrder, (rows, order) => {
        const table = tabulatePaths(rows);
        const { effects, conversionProbability } = markov(table, { order }).removalEffects(table);
        const whole = denseProbability(rows, order);
        expect(conversionProbability).toBeCloseTo(whole, 10);
        for (const [i, name] of table.channels.entries()) {
          const expected = whole === 0 ? 0 : 1 - denseProbability(rows, order, name) / whole;
          expect(effects[i]).toBeCloseTo(expected, 9);
        }
      }),
    );
  });

  test("P(conversion) is the share of journeys that convert, whatever the order of the chain", () => {
    fc.assert(
      fc.property(anyRows, anyOrder, (rows, order) => {
        const table = tabulatePaths(rows);
        const touched = rows.filter(({ path }) => path.length > 0);
        const conversions = sum(touched.map((row) => row.conversions));
        const journeys = conversions + sum(touched.map((row) => row.nulls));
        expect(markov(table, { order }).removalEffects(table).conversionProbability).toBeCloseTo(
          journeys === 0 ? 0 : conversions / journeys,
          11,
        );
      }),
    );
  });

  test("credits are finite, never negative and sum to the conversions and the value", () => {
    fc.assert(
      fc.property(anyRows, anyOrder, (rows, order) => {
        const table = tabulatePaths(rows);
        const credits = markov(table, { order }).credit(table);
        for (const credit of [...credits.conversions, ...credits.values]) {
          expect(credit).toBeGreaterThanOrEqual(0);
        }
        const total = sum(credits.conversions) + credits.unattributedConversions;
        expect(total).toBeCloseTo(sum(table.conversions), 9);
        const value = sum(credits.values) + credits.unattributedValue;
        expect(value).toBeCloseTo(sum(table.values), 9);
      }),
    );
  });

  test("the order of the rows, the names, and a common factor change nothing", () => {
    fc.assert(
      fc.property(anyRows, anyOrder, fc.integer({ min: 2, max: 9 }), (rows, order, factor) => {
        const table = tabulatePaths(rows);
        const credits = byName(table, markov(table, { order }).credit(table));
        const renamed = tabulatePaths(
          rows.toReversed().map((row) => ({
            path: Array.from(row.path, String).map((name) => `the ${name}`),
            conversions: factor * row.conversions,
            value: row.value,
            nulls: factor * row.nulls,
          })),
        );
        const others = byName(renamed, markov(renamed, { order }).credit(renamed));
        for (const [name, credit] of Object.entries(credits)) {
          expect((others[`the ${name}`] ?? Number.NaN) / factor).toBeCloseTo(credit, 9);
        }
      }),
    );
  });
});

describe("loops", () => {
  const loop = (rounds: number): string[] =>
    Array.from({ length: rounds }, () => ["A", "B"]).flat();

  test.each([1, 2, 3, 4] as MarkovOrder[])(
    "journeys that go round 50,000 times are solved, order %i",
    (order) => {
      const table = tabulatePaths([
        { path: [...loop(50_000), "C"], conversions: 1, value: 0, nulls: 0 },
        { path: ["C"], conversions: 1, value: 0, nulls: 0 },
        { path: ["A"], conversions: 0, value: 0, nulls: 1 },
      ]);
      const { effects, conversionProbability } = markov(table, { order }).removalEffects(table);
      expect(conversionProbability).toBeCloseTo(2 / 3, 9);
      for (const effect of effects) expect(effect >= 0 && effect <= 1).toBe(true);
      expect(effects[2]).toBeCloseTo(1, 9);
    },
  );

  test("two loops that hold their journeys for different times are solved", () => {
    const table = tabulatePaths([
      { path: loop(20_000), conversions: 3, value: 0, nulls: 5 },
      {
        path: Array.from({ length: 3_000 }, () => ["C", "D"]).flat(),
        conversions: 1,
        value: 0,
        nulls: 7,
      },
    ]);
    const { effects, conversionProbability } = markov(table, { order: 1 }).removalEffects(table);
    expect(conversionProbability).toBeCloseTo(4 / 16, 9);
    expect(effects[0]).toBeCloseTo(0.75, 9);
    expect(effects[2]).toBeCloseTo(0.25, 9);
  });
});

test("where nothing converts, and where there is no path, nobody earns anything", () => {
  const table = tableOf({ "A B": [0, 5], B: [0, 1] });
  expect(byName(table, markov(table, { order: 1 }).credit(table))).toEqual({ A: 0, B: 0 });
  const none = tableOf({});
  expect(markov(none, { order: 2 }).credit(none).conversions).toHaveLength(0);
});

test("a channel on no converting path, and one that no journey touches, earn nothing", () => {
  const table = tableOf({ A: [3, 1], "B B": [0, 4], C: [0, 0] });
  expect(byName(table, markov(table, { order: 1 }).credit(table))).toEqual({ A: 3, B: 0, C: 0 });
});

test("too many channels for the order are refused", () => {
  const channels = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
  const table = tabulatePaths([{ path: channels, conversions: 1, value: 0, nulls: 0 }]);
  expect(() => markov(table, { order: 4 })).toThrow(
    "channels: expected (number of channels + 1)^4 below 2^53, got 10000 channels",
  );
});
