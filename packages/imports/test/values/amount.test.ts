import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAmount, type Amount } from "../../src/values/amount.ts";

function amountOf(parsed: Amount | undefined): string | undefined {
  return parsed?.kind === "amount" ? parsed.amount : undefined;
}

describe("amounts", () => {
  test.each([
    ["1.299,00", "1299", undefined],
    ["1,299.00", "1299", undefined],
    ["€49.90", "49.9", "€"],
    ["49,90 €", "49.9", "€"],
    ["19,99", "19.99", undefined],
    ["1 299,00", "1299", undefined],
    ["1\u00a0299,00", "1299", undefined],
    ["1\u202f299,00 €", "1299", "€"],
    ["1'299.00", "1299", undefined],
    ["CHF 1’299.–", "1299", "CHF"],
    ["(12.00)", "-12", undefined],
    ["(€12.00)", "-12", "€"],
    ["$(1,204.50)", "-1204.5", "$"],
    ["-19.99", "-19.99", undefined],
    ["−19,99", "-19.99", undefined],
    ["19.99-", "-19.99", undefined],
    ["-€5", "-5", "€"],
    ["€-5", "-5", "€"],
    ["EUR 5", "5", "EUR"],
    ["5 kr", "5", "kr"],
    ["5,- kr.", "5", "kr."],
    ["R$ 5,50", "5.5", "R$"],
    ["120,5", "120.5", undefined],
    ["12,34,567.00", "1234567", undefined],
    ["1.299.000", "1299000", undefined],
    ["1,299,000", "1299000", undefined],
    ["0.125", "0.125", undefined],
    [",5", "0.5", undefined],
    ["1234,567", "1234.567", undefined],
    ["0", "0", undefined],
    ["-0.00", "0", undefined],
    ["007", "7", undefined],
    ["+5", "5", undefined],
    ["EUR 5 EUR", "5", "EUR"],
    ["999999999999999.123456789012", "999999999999999.123456789012", undefined],
  ])("%s", (text, amount, currency) => {
    expect(parseAmount(text)).toMatchObject({ kind: "amount", amount, currency });
  });

  test.each([
    "",
    "-",
    "€",
    "12 apples and 3",
    "1,2,3",
    "1.2.3",
    "1.29,9.0",
    "12.34.567,0.1",
    "1e3",
    "--5",
    "(-5)",
    "1 29",
    "EUR 5 USD",
    "12%",
    "1.2999,00",
    "2026-11-20",
    "1234567890123456",
    "0.1234567890123",
  ])("%j is none", (text) => {
    expect(amountOf(parseAmount(text))).toBeUndefined();
    expect(parseAmount(text)).not.toMatchObject({ kind: "amount" });
  });

  test("a mark before three digits is ambiguous until the column decides", () => {
    expect(parseAmount("1.299")).toEqual({
      kind: "ambiguous",
      readings: { ".": "1.299", ",": "1299" },
      currency: undefined,
    });
    expect(amountOf(parseAmount("1.299", ","))).toBe("1299");
    expect(amountOf(parseAmount("1.299", "."))).toBe("1.299");
    expect(amountOf(parseAmount("-€1,299", "."))).toBe("-1299");
    // What shows its own mark needs none.
    expect(amountOf(parseAmount("49.90", ","))).toBe("49.9");
  });
});

/** How the runtime's Unicode data writes numbers and money in a locale. */
const LOCALES = [
  "en-US",
  "de-DE",
  "fr-FR",
  "de-CH",
  "en-IN",
  "sv-SE",
  "pt-BR",
  "pl-PL",
  "da-DK",
  "es-ES",
  "it-IT",
  "nl-NL",
  "ja-JP",
];
const CURRENCIES = ["EUR", "USD", "GBP", "CHF", "SEK", "JPY"];

test("what a locale writes is read as the amount that it was", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...LOCALES),
      fc.constantFrom(...CURRENCIES),
      fc.constantFrom("symbol", "code", "none"),
      fc.constantFrom("standard", "accounting"),
      fc.bigInt({ min: -99_999_999_999_999n, max: 99_999_999_999_999n }),
      (locale, currency, display, currencySign, cents) => {
        const text = new Intl.NumberFormat(locale, {
          minimumFractionDigits: 2,
          maximumFractionDigits: 2,
          ...(display === "none"
            ? {}
            : { style: "currency", currency, currencySign, currencyDisplay: display }),
        }).format(`${Number(cents)}e-2` as `${number}`);
        expect([text, amountOf(parseAmount(text))]).toEqual([text, plain(cents)]);
      },
    ),
  );
});

function plain(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  const fraction = digits.slice(-2).replace(/0+$/, "");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}${fraction === "" ? "" : `.${fraction}`}`;
}

test("any text is read or not, and nothing else happens", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("0123456789.,' -+()€$EUR")) }),
      (text) => {
        const amount = amountOf(parseAmount(text));
        if (amount === undefined) return;
        expect(amount).toMatch(/^-?(?:0|[1-9]\d{0,14})(?:\.\d{0,11}[1-9])?$/);
        expect(amountOf(parseAmount(amount, "."))).toBe(amount);
      },
    ),
  );
});
