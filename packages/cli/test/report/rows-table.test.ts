import { expect, test } from "vitest";
import { renderRows } from "../../src/report/rows-table.ts";

test("texts come first, figures as their names say, and what is not shown is said", () => {
  const shown = renderRows({
    rows: [
      {
        path: "email > direct",
        touchpoints: 2,
        conversions: 1234,
        value: [{ currency: "EUR", value: "10.5" }],
      },
      { path: "", touchpoints: 0, conversions: 1, value: [] },
    ],
    rest: { paths: 3, conversions: 7, value: [], nonConverting: 0 },
    totals: { paths: 5, medianMs: 129_600_000, clickThroughRate: 0.0345, conversionRate: null },
  } as Parameters<typeof renderRows>[0]);
  expect(shown).toMatch(/email > direct +2 +1,234 +10\.5 EUR/);
  expect(shown).toMatch(/\(no touchpoint\) +0 +1 +0/);
  expect(shown).toContain("Not shown: 3 paths, 7 conversions, 0 value, 0 non converting.");
  expect(shown).toContain(
    "In all: 5 paths, 1.5 d median, 3.45 % click through rate, – conversion rate.",
  );
});

test("nothing is said to be nothing", () => {
  expect(renderRows({ rows: [] })).toBe("Nothing in this time.");
});
