import fc from "fast-check";
import { expect, test } from "vitest";
import { shareCredits } from "../../src/data-driven/share-credits.ts";

const sum = (parts: readonly bigint[]) => parts.reduce((all, part) => all + part, 0n);

test("parts sum to exactly the total, whatever the credits", () => {
  const credit = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(credit, { minLength: 1, maxLength: 20 }),
      fc.bigInt({ min: 0n, max: 10n ** 28n }),
      (credits, total) => {
        const all = credits.reduce((a, b) => a + b, 0);
        fc.pre(all > 1e-3);
        const parts = shareCredits(total, Float64Array.from(credits));
        expect(sum(parts ?? [])).toBe(total);
      },
    ),
  );
});

test("a negative credit stays one, and the rest takes what it loses", () => {
  expect(shareCredits(10n, Float64Array.of(1.5, -0.5))).toEqual([15n, -5n]);
});

test("nobody gets a total that no credit claims; a total of 0 is everybody's", () => {
  expect(shareCredits(10n, Float64Array.of(0, 0))).toBeUndefined();
  expect(shareCredits(0n, Float64Array.of(0, 0))).toEqual([0n, 0n]);
  expect(shareCredits(1n, new Float64Array(0))).toBeUndefined();
});
