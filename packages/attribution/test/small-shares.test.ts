import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../test/support/property-runs.ts";
import { shareOut } from "../src/shares.ts";
import { SMALL_AMOUNT, SmallShares } from "../src/small-shares.ts";

const weight = fc.oneof(
  fc.constantFrom(0, 0.5, 1, 0.1, 0.4, 1 / 3, 2 ** -60),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

test("amounts are split to the unit as shareOut splits them", () => {
  const small = new SmallShares();
  fc.assert(
    fc.property(
      fc
        .array(weight, { minLength: 1, maxLength: 200 })
        .filter((all) => all.some((w) => w > 2 ** -500)),
      fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 1000 }),
          fc.integer({ min: 0, max: SMALL_AMOUNT - 1 }),
          fc.constant(10 ** 12),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      (weights, amounts) => {
        small.take(Float64Array.from(weights), weights.length);
        for (const amount of amounts) {
          const shares = Array.from(small.split(amount).subarray(0, weights.length), BigInt);
          expect(shares).toEqual(shareOut(BigInt(amount), weights, 0, weights.length));
        }
      },
    ),
    { numRuns: runs(300) },
  );
});
