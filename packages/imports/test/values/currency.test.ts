import { expect, test } from "vitest";
import { parseCurrency } from "../../src/values/currency.ts";

test.each([
  ["EUR", "EUR"],
  ["eur", "EUR"],
  [" Euro ", "EUR"],
  ["€", "EUR"],
  ["US$", "USD"],
  ["us dollar", "USD"],
  ["US-Dollar", "USD"],
  ["£", "GBP"],
  ["Fr.", "CHF"],
  ["Schweizer Franken", "CHF"],
  ["zł", "PLN"],
  ["Kč", "CZK"],
  ["R$", "BRL"],
  ["svensk krona", "SEK"],
])("%j is %s", (text, code) => {
  expect(parseCurrency(text)).toEqual({ kind: "currency", code });
});

test.each([
  ["$", "CAD"],
  ["kr", "NOK"],
  ["kr.", "DKK"],
  ["¥", "CNY"],
  ["Dollar", "AUD"],
])("%j is of several currencies, %s among them", (text, code) => {
  const parsed = parseCurrency(text);
  expect(parsed?.kind === "ambiguous" ? parsed.candidates : []).toContain(code);
});

test.each(["", "XQQ", "money", "EURO2", "constructor", "__proto__"])("%j is none", (text) => {
  expect(parseCurrency(text)).toBeUndefined();
});
