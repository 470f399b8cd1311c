import fc from "fast-check";
import { expect, test } from "vitest";
import { readAmount, shareOfTotal } from "../../../src/replay/sources/split-value.ts";

test("shares sum to the total exactly, and differ by at most one unit", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 27n), fc.integer({ min: 1, max: 300 }), (total, count) => {
      const shares = Array.from({ length: count }, (_, i) => shareOfTotal(total, count, i));
      expect(shares.reduce((a, b) => a + b, 0n)).toBe(total);
      expect((shares[0] ?? 0n) - (shares.at(-1) ?? 0n)).toBeLessThanOrEqual(1n);
    }),
  );
});

test.each([
  ["0.244", 244_000_000_000n],
  ["123456789012.123456789012", 123_456_789_012_123_456_789_012n],
  ["2.4019999999999997", 2_402_000_000_000n],
  ["1e-3", 1_000_000_000n],
  ["1e+05", 100_000n * 10n ** 12n],
])("%s is an amount", (text, units) => {
  expect(readAmount(text)).toBe(units);
});

test.each(["", "-1", "NA", "1,5", "Infinity"])("%j is none", (text) => {
  expect(readAmount(text)).toBeUndefined();
});
