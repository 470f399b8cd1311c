import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatUnits,
  minorDigits,
  roundColumn,
  unitsOf,
  unitsOfNumber,
} from "../../src/report/rounding.ts";

test("a rounded column adds up to its rounded total, and no cell moves by a whole unit", () => {
  const money = fc.bigInt(-(10n ** 15n), 10n ** 20n);
  fc.assert(
    fc.property(fc.array(money, { maxLength: 40 }), fc.constantFrom(0, 2, 3), (units, digits) => {
      const step = 10n ** BigInt(12 - digits);
      const { cells, total } = roundColumn(units, digits);
      const sum = units.reduce((a, b) => a + b, 0n);
      expect(cells.reduce((a, b) => a + b, 0n)).toBe(total);
      expect(2n * (total * step - sum)).toBeLessThanOrEqual(step);
      expect(2n * (sum - total * step)).toBeLessThan(step + 1n);
      for (const [i, cell] of cells.entries()) {
        const off = cell * step - (units[i] ?? 0n);
        expect(off < 0n ? -off : off).toBeLessThan(step);
      }
    }),
  );
});

test("thirds of a euro: the largest remainder takes the cent, ties to the first", () => {
  const third = unitsOf("0.333333333333");
  expect(roundColumn([third, third, unitsOf("0.333333333334")], 2)).toEqual({
    cells: [33n, 33n, 34n],
    total: 100n,
  });
  expect(roundColumn([unitsOf("0.5"), unitsOf("0.5")], 0)).toEqual({ cells: [1n, 0n], total: 1n });
});

test("decimals are read and written by their digits", () => {
  expect(unitsOf("-1.5")).toBe(-1_500_000_000_000n);
  expect(unitsOfNumber(0.1)).toBe(100_000_000_000n);
  expect(formatUnits(123_456_789n, 2)).toBe("1,234,567.89");
  expect(formatUnits(-5n, 2)).toBe("-0.05");
  expect(formatUnits(1000n, 0)).toBe("1,000");
});

test("a currency's minor unit is its own", () => {
  expect([minorDigits("EUR"), minorDigits("JPY"), minorDigits("KWD"), minorDigits("")]).toEqual([
    2, 0, 3, 2,
  ]);
});
