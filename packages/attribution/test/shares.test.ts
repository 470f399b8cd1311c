import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../test/support/property-runs.ts";
import { AttributionError } from "../src/errors.ts";
import { creditAll, DEFAULT_MODEL_OPTIONS, MODEL_NAMES } from "../src/models/registry.ts";
import { shareOut } from "../src/shares.ts";
import { anyPath, DAY_MS, pathOf } from "./models/fixtures.ts";

const UNIT = 10n ** 12n;

function split(value: bigint, weights: readonly number[]): bigint[] {
  return shareOut(value, weights, 0, weights.length);
}

function total(shares: readonly bigint[]): bigint {
  return shares.reduce((sum, share) => sum + share, 0n);
}

/** The definition, in bigint from end to end and with none of the short cuts. */
function referenceShares(value: bigint, weights: readonly number[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  let scale = 2 ** 52;
  while (sum * scale > 1.5 * 2 ** 52) scale /= 2;
  while (sum * scale <= 0.75 * 2 ** 52) scale *= 2;
  const scaled = weights.map((weight) => BigInt(Math.round(weight * scale)));
  const whole = total(scaled);
  const shares = scaled.map((weight) => (value * weight) / whole);
  const byRemainder = scaled
    .map((weight, index) => ({ index, remainder: (value * weight) % whole }))
    .sort((a, b) =>
      a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1,
    );
  const leftover = Number(value - total(shares));
  for (const { index } of byRemainder.slice(0, leftover))
    shares[index] = (shares[index] ?? 0n) + 1n;
  return shares;
}

const anyValue = fc.oneof(
  fc.bigInt({ min: 0n, max: 100n }),
  fc.bigInt({ min: 0n, max: 10n ** 15n }),
  fc.bigInt({ min: 0n, max: 10n ** 27n }),
  fc.constantFrom(
    0n,
    1n,
    UNIT,
    2n ** 50n - 1n,
    2n ** 50n,
    2n ** 50n + 1n,
    10n ** 27n,
    2n ** 100n - 1n,
  ),
);
const anyWeight = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10),
  fc.constantFrom(0, 1, 1 / 3, 0.1, 2 ** -52, 2 ** -53, 2 ** -60),
);
const anyWeights = fc
  .array(anyWeight, { minLength: 1, maxLength: 30 })
  .filter((weights) => weights.some((weight) => weight > 2 ** -40));

describe("worked examples", () => {
  test.each([
    { value: 100n, weights: [1 / 3, 1 / 3, 1 / 3], shares: [34n, 33n, 33n] },
    {
      value: UNIT,
      weights: [1 / 3, 1 / 3, 1 / 3],
      shares: [333333333334n, 333333333333n, 333333333333n],
    },
    {
      value: 19_990_000_000_000n,
      weights: [0.4, 0.1, 0.1, 0.4],
      shares: [7_996n, 1_999n, 1_999n, 7_996n].map((s) => s * 10n ** 9n),
    },
    {
      value: UNIT,
      weights: [1 / 7, 2 / 7, 4 / 7],
      shares: [142857142857n, 285714285714n, 571428571429n],
    },
    { value: 1n, weights: [0.25, 0.5, 0.25], shares: [0n, 1n, 0n] },
    { value: 1n, weights: [0.5, 0.5], shares: [1n, 0n] },
    { value: 2n, weights: [1, 3], shares: [1n, 1n] },
    { value: 0n, weights: [0.4, 0.6], shares: [0n, 0n] },
    {
      value: 10n ** 27n,
      weights: [0.5, 0.25, 0.25],
      shares: [5n * 10n ** 26n, 25n * 10n ** 25n, 25n * 10n ** 25n],
    },
    { value: 7n, weights: [0.3], shares: [7n] },
    { value: 7n, weights: [0, 0, 1, 0], shares: [0n, 0n, 7n, 0n] },
  ])("$value by $weights", ({ value, weights, shares }) => {
    expect(split(value, weights)).toEqual(shares);
  });

  test("reads its weights from the offset", () => {
    expect(shareOut(10n, new Float64Array([9, 0.5, 0.5, 9]), 1, 2)).toEqual([5n, 5n]);
  });

  test("no weights share out nothing", () => {
    expect(shareOut(0n, [], 0, 0)).toEqual([]);
  });
});

describe("properties", () => {
  test("equals the definition in bigint, and sums to the value", () => {
    fc.assert(
      fc.property(anyValue, anyWeights, (value, weights) => {
        const shares = split(value, weights);
        expect(total(shares)).toBe(value);
        expect(shares).toEqual(referenceShares(value, weights));
      }),
      { numRuns: runs(3000) },
    );
  });

  test("every share is within one unit of its exact part", () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 }),
        (value, counts) => {
          fc.pre(counts.some((count) => count > 0));
          // k/1024 of 2^52 is a whole number, so these weights lose nothing.
          const shares = split(
            value,
            counts.map((count) => count / 1024),
          );
          const whole = BigInt(counts.reduce((a, b) => a + b, 0));
          for (const [i, share] of shares.entries()) {
            const off = share * whole - value * BigInt(counts[i] ?? 0);
            expect(off < whole && -off < whole).toBe(true);
          }
        },
      ),
    );
  });

  test("a share is value · weight to 15 digits, in order of magnitude too", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 10n ** 26n, max: 10n ** 27n }),
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (value, weights) => {
          const sum = weights.reduce((a, b) => a + b, 0);
          for (const [i, share] of split(value, weights).entries()) {
            const ratio = Number(share) / (Number(value) * ((weights[i] ?? 0) / sum));
            expect(Math.abs(ratio - 1)).toBeLessThan(1e-12);
          }
        },
      ),
    );
  });

  test("equal weights differ by at most a unit, the earlier getting more", () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (value, weight, length) => {
          const shares = split(
            value,
            Array.from({ length }, () => weight),
          );
          const first = shares[0] ?? 0n;
          const last = shares.at(-1) ?? 0n;
          expect(first - last === 0n || first - last === 1n).toBe(true);
          expect(shares).toEqual(shares.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
          expect(total(shares)).toBe(value);
        },
      ),
    );
  });

  test("a larger weight never gets less", () => {
    fc.assert(
      fc.property(anyValue, anyWeights, (value, weights) => {
        const shares = split(value, weights);
        const byWeight = [...weights.keys()].sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0));
        for (const [i, index] of byWeight.entries()) {
          const next = byWeight[i + 1];
          if (next === undefined || (weights[next] ?? 0) - (weights[index] ?? 0) < 2 ** -40)
            continue;
          expect((shares[next] ?? 0n) >= (shares[index] ?? 0n)).toBe(true);
        }
      }),
    );
  });

  test("reordering the weights reorders the shares, to within one unit", () => {
    fc.assert(
      fc.property(anyValue, anyWeights, fc.infiniteStream(fc.nat()), (value, weights, keys) => {
        const order = weights
          .map((_, index) => ({ index, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key);
        const shares = split(value, weights);
        const permuted = split(
          value,
          order.map(({ index }) => weights[index] ?? 0),
        );
        expect(total(permuted)).toBe(value);
        // Scaling looks at the sum, which float64 rounds by order: so much more than a unit at 2^-52 of the value.
        const tolerance = 1n + (value >> 49n);
        for (const [i, { index }] of order.entries()) {
          const off = (permuted[i] ?? 0n) - (shares[index] ?? 0n);
          expect(off <= tolerance && -off <= tolerance).toBe(true);
        }
      }),
    );
  });

  test("scaling all weights by a power of two changes nothing", () => {
    fc.assert(
      fc.property(
        anyValue,
        anyWeights,
        fc.integer({ min: -200, max: 200 }),
        (value, weights, exponent) => {
          const large = weights.map((weight) => weight + 0.001);
          expect(
            split(
              value,
              large.map((weight) => weight * 2 ** exponent),
            ),
          ).toEqual(split(value, large));
        },
      ),
    );
  });

  test("every model's credits of a path sum to one conversion and to its value", () => {
    fc.assert(
      fc.property(
        anyPath.filter((path) => path.length > 0),
        anyValue,
        (path, value) => {
          const weights = new Float64Array(MODEL_NAMES.length * path.length);
          creditAll(path, DEFAULT_MODEL_OPTIONS, weights);
          for (let m = 0; m < MODEL_NAMES.length; m += 1) {
            expect(total(shareOut(UNIT, weights, m * path.length, path.length))).toBe(UNIT);
            expect(total(shareOut(value, weights, m * path.length, path.length))).toBe(value);
          }
        },
      ),
    );
  });

  test("a long path is shared out too", () => {
    const length = 20_000;
    const path = pathOf(
      Array.from({ length }, (_, i) => ({ ageMs: (length - i) * (DAY_MS / 1000) })),
    );
    const weights = new Float64Array(MODEL_NAMES.length * length);
    creditAll(path, DEFAULT_MODEL_OPTIONS, weights);
    const decay = weights.subarray(5 * length, 6 * length);
    expect(shareOut(10n ** 27n, weights, 5 * length, length)).toEqual(
      referenceShares(10n ** 27n, [...decay]),
    );
  });
});

describe("refusals", () => {
  test.each([
    {
      name: "a negative value",
      value: -1n,
      weights: [1],
      message: "value: expected 0 or more and below 2^100, got -1",
    },
    {
      name: "a value past the bound",
      value: 2n ** 100n,
      weights: [1],
      message: `value: expected 0 or more and below 2^100, got ${2n ** 100n}`,
    },
    {
      name: "a negative weight",
      value: 1n,
      weights: [1, -0.5],
      message: "weights[1]: expected a finite number, 0 or more, got -0.5",
    },
    {
      name: "NaN",
      value: 1n,
      weights: [Number.NaN],
      message: "weights[0]: expected a finite number, 0 or more, got NaN",
    },
    {
      name: "Infinity",
      value: 1n,
      weights: [Infinity],
      message: "weights[0]: expected a finite number, 0 or more, got Infinity",
    },
    {
      name: "no weight above 0",
      value: 1n,
      weights: [0, 0],
      message: "weights: expected one above 0 among 2, got none",
    },
    {
      name: "no weight at all",
      value: 1n,
      weights: [],
      message: "weights: expected one above 0 among 0, got none",
    },
    {
      name: "weights that overflow",
      value: 1n,
      weights: [1e308, 1e308],
      message: "weights: expected a sum of 0 or from 2^-512 to 2^512, got Infinity",
    },
  ])("$name", ({ value, weights, message }) => {
    expect(() => split(value, weights)).toThrow(new AttributionError("shares_invalid", message));
  });

  test("carry their code", () => {
    expect(() => split(-1n, [1])).toThrow(
      expect.objectContaining({ name: "AttributionError", code: "shares_invalid" }),
    );
  });

  test("a length past the end of the weights", () => {
    expect(() => shareOut(1n, new Float64Array([1]), 0, 2)).toThrow(
      "weights[1]: expected a finite number, 0 or more, got undefined",
    );
  });
});
