import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../test/support/property-runs.ts";
import { floorOfRatio, remainderOf } from "../src/exact-division.ts";

const TOTAL = 2 ** 52;

/** The operands that shareOut uses: a below 2^50 with b up to the divisor, or the other way round. */
const operands = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 50 - 1 }), fc.integer({ min: 1, max: 1.5 * TOTAL }))
  .chain(([a, divisor]) =>
    fc.record({
      a: fc.constant(a),
      b: fc.oneof(fc.integer({ min: 0, max: divisor }), fc.constant(divisor)),
      divisor: fc.constant(divisor),
    }),
  );

test("quotient and remainder equal those of bigint", () => {
  fc.assert(
    fc.property(operands, ({ a, b, divisor }) => {
      const product = BigInt(a) * BigInt(b);
      const quotient = floorOfRatio(a, b, divisor);
      expect(BigInt(quotient)).toBe(product / BigInt(divisor));
      expect(BigInt(remainderOf(a, b, quotient, divisor))).toBe(product % BigInt(divisor));
    }),
    { numRuns: runs(5000) },
  );
});

test("products next to a multiple of the divisor are not rounded over it", () => {
  for (const divisor of [
    TOTAL - 1,
    TOTAL,
    TOTAL + 1,
    TOTAL / 2 + 1,
    3 * 2 ** 50 + 7,
    1.5 * TOTAL - 1,
    1.5 * TOTAL,
  ]) {
    for (const a of [1, 2, 3, 2 ** 26 + 1, 2 ** 49 + 1, 2 ** 50 - 3, 2 ** 50 - 1]) {
      for (const b of [
        1,
        divisor - 2,
        divisor - 1,
        divisor,
        Math.floor(divisor / 2),
        Math.ceil(divisor / 3),
      ]) {
        const product = BigInt(a) * BigInt(b);
        const quotient = floorOfRatio(a, b, divisor);
        expect(BigInt(quotient)).toBe(product / BigInt(divisor));
        expect(BigInt(remainderOf(a, b, quotient, divisor))).toBe(product % BigInt(divisor));
      }
    }
  }
});
