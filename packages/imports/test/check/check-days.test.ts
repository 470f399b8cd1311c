import { describe, expect, test } from "vitest";
import { checkDays } from "../../src/check/check-days.ts";
import type { Mapping } from "../../src/mapping/mapping.ts";
import { tableOf } from "../support/table.ts";

const SPEND: Mapping = {
  version: 1,
  kind: "spend",
  columns: {
    Day: { field: "day", formats: ["dd.mm.yyyy"] },
    Campaign: { field: "campaign" },
    Cost: { field: "amount", decimal: "," },
    Currency: { field: "currency" },
  },
  defaults: { source: "google", medium: "cpc", currency: "EUR" },
};
const RATES: Mapping = {
  version: 1,
  kind: "rates",
  columns: { d: { field: "day" }, r: { field: "rate" }, c: { field: "currency" } },
  defaults: { target: "EUR" },
};
const spend = async (lines: readonly string[]) =>
  checkDays("spend", tableOf(["Day;Campaign;Cost;Currency", ...lines].join("\n"), ";"), SPEND);
const rates = async (lines: readonly string[]) =>
  checkDays("rates", tableOf(["d;r;c", ...lines].join("\n"), ";"), RATES);

describe("spend", () => {
  test("a row a day and names, amounts exact", async () => {
    const { rows, refused } = await spend(["01.10.2026;brand;1.204,50;", "02.10.2026;brand;$;USD"]);
    expect(rows).toEqual([
      {
        day: "2026-10-01",
        source: "google",
        medium: "cpc",
        campaign: "brand",
        amount: "1204.5",
        currency: "EUR",
      },
    ]);
    expect(refused).toMatchObject([{ line: 3, column: "Cost", value: "$" }]);
  });

  test.each([
    ["31.02.2026;brand;1;", "Day"],
    ["01.10.2026;brand;-1;", "Cost"],
    ["01.10.2026;brand;;", "Cost"],
    ["01.10.2026;brand;1;Taler", "Currency"],
    [`01.10.2026;${"x".repeat(300)};1;`, "Campaign"],
  ])("%s is refused by its column", async (line, column) => {
    const { rows, refused } = await spend([line]);
    expect(rows).toEqual([]);
    expect(refused).toMatchObject([{ line: 2, column }]);
  });

  test("of two rows of one day and names neither is guessed to hold", async () => {
    const { refused } = await spend(["01.10.2026;a;1;", "01.10.2026;b;1;", "01.10.2026;a;2;USD"]);
    expect(refused).toMatchObject([{ line: 4, reason: expect.stringContaining("in line 2") }]);
  });
});

describe("rates", () => {
  test("of one currency in another, above 0", async () => {
    const { rows, refused } = await rates([
      "2026-10-01;0.92;USD",
      "2026-10-01;1;EUR",
      "2026-10-01;0;GBP",
      "2026-10-01;0.93;USD",
    ]);
    expect(rows).toEqual([{ day: "2026-10-01", rate: "0.92", currency: "USD", target: "EUR" }]);
    expect(refused.map(({ line }) => line)).toEqual([3, 4, 5]);
  });
});
