import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decimalFromNumber,
  formatDecimal,
  MONEY_UNIT,
  parseDecimal,
  trimDecimal,
} from "../../src/index.ts";

describe("money", () => {
  it.each([
    ["0", 0n],
    ["19.99", 19_990_000_000_000n],
    ["007.10", 7_100_000_000_000n],
    ["0.000000000001", 1n],
    ["999999999999999.999999999999", 999_999_999_999_999_999_999_999_999n],
  ])("parses %s exactly", (text, units) => expect(parseDecimal(text)).toBe(units));

  it.each([
    "",
    "-1",
    "+1",
    "1e3",
    "1.",
    ".5",
    "1,5",
    " 1",
    "1 ",
    "0x1",
    "1.0000000000001",
    "1000000000000000",
    "NaN",
    "١",
  ])("refuses %j", (text) => expect(parseDecimal(text)).toBeUndefined());

  it.each([
    [19.99, "19.99"],
    [0.1 + 0.2, "0.3"],
    [2.4019999999999997, "2.402"],
    [1e-7, "0.0000001"],
    [1e-13, "0"],
    [123456789.12, "123456789.12"],
    [1.5e-12, "0.000000000002"],
    [2.5e-12, "0.000000000002"],
    [999999999999999, "999999999999999"],
  ])("takes the number %d as %s", (number, text) => {
    const units = decimalFromNumber(number);
    expect(units === undefined ? undefined : formatDecimal(units)).toBe(text);
  });

  it.each([-1, NaN, Infinity, 1e15, -0.01])("refuses the number %d", (number) => {
    expect(decimalFromNumber(number)).toBeUndefined();
  });

  it("trims what it can to what parsing and formatting gives", () => {
    const digits = fc.stringMatching(/^0{0,2}\d{1,4}(\.\d{1,3}0{0,3})?$/);
    fc.assert(
      fc.property(digits, (text) => {
        const trimmed = trimDecimal(text);
        const expected = formatDecimal(parseDecimal(text) ?? -1n);
        if (trimmed !== undefined) expect(trimmed).toBe(expected);
      }),
    );
    expect(["0", "10", "10.10", "10.00", "0.5"].map(trimDecimal)).toEqual([
      "0",
      "10",
      "10.1",
      "10",
      "0.5",
    ]);
    expect(["", "007", "-1", "1e3", "1.", ".5"].map(trimDecimal)).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
  });

  it("formats and parses back to the same", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 27n - 1n }), (units) => {
        expect(parseDecimal(formatDecimal(units))).toBe(units);
        expect(formatDecimal(-units - 1n)).toBe(`-${formatDecimal(units + 1n)}`);
      }),
    );
  });

  it("keeps a number of up to 15 digits as it is written", () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(6), (digits, scale) => {
        const text = (digits / 10 ** scale).toFixed(scale);
        expect(decimalFromNumber(Number(text))).toBe(parseDecimal(text));
      }),
    );
    expect(MONEY_UNIT).toBe(10n ** 12n);
  });
});
