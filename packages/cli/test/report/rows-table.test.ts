import { expect, test } from "vitest";
import { renderRows } from "../../src/report/rows-table.ts";

test("texts come first, figures in the form of their names, and hidden rows are summed", () => {
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
  expect(shown).toMatch(/email > direct +2 +1,234 +10\.50 EUR/);
  expect(shown).toMatch(/\(no touchpoint\) +0 +1 +0/);
  expect(shown).toContain("Not shown: 3 paths, 7 conversions, 0 value, 0 non converting.");
  expect(shown).toContain(
    "In all: 5 paths, 1.5 d median, 3.45 % click through rate, – conversion rate.",
  );
});

test("computed amounts have their currency's minor unit, imported ones stay as they are", () => {
  const shown = renderRows({
    rows: [
      { channel: "email", currency: "EUR", value: "28076.174295315796", conversions: "194.037823" },
      { channel: "direct", currency: "JPY", value: "-8.5", conversions: "0.666666666667" },
    ],
    totals: [{ currency: "EUR", spend: "120.5", valueWithoutSpend: "0.005" }],
  } as Parameters<typeof renderRows>[0]);
  expect(shown).toMatch(/email +EUR +28,076\.17 +194\.04/);
  expect(shown).toMatch(/direct +JPY +-8 +0\.67/);
  expect(shown).toContain("In all, EUR: 120.50 spend, 0.01 value without spend.");
  const rates = renderRows({ rows: [{ day: "2026-10-01", rate: "0.921234", amount: "120.5" }] });
  expect(rates).toMatch(/2026-10-01 +0\.921234 +120\.5$/m);
});

test("what is not known is no 0, a little is not nothing, and blended figures are explained", () => {
  const row = { currency: "EUR", roas: 2.5, cpa: 1234.5, cpc: 0.0004 };
  const shown = renderRows({
    rows: [
      { channel: "email", ...row, spend: "3" },
      { channel: "direct", currency: "EUR", roas: null, cpa: null, cpc: 0, spend: null },
      { channel: "display", ...row, currency: "JPY", spend: "1000.4" },
    ],
    totals: [{ currency: "EUR", spend: null, cpa: 0.62, blendedRoas: null, blendedCpa: 2 }],
  } as Parameters<typeof renderRows>[0]);
  expect(shown).toMatch(/channel +currency +ROAS +CPA +CPC +spend\n/);
  expect(shown).toMatch(/email +EUR +2\.50 +1,234\.50 +< 0\.01 +3\.00\n/);
  expect(shown).toMatch(/direct +EUR +– +– +0\.00 +–\n/);
  expect(shown).toMatch(/display +JPY +2\.50 +1,235 +< 1 +1,000\n/);
  expect(shown).toContain("In all, EUR: – spend, 0.62 CPA, – blended ROAS, 2.00 blended CPA.");
  expect(shown).toContain("blended ones set all spend against all");
});

test("a report names its zone and its times", () => {
  const timeZone = "Europe/Berlin";
  const to = Date.UTC(2026, 9, 25, 0, 30);
  expect(renderRows({ rows: [], timeZone })).toBe(
    "Nothing in this time.\n\nTime zone Europe/Berlin, all time.",
  );
  const from = Date.UTC(2026, 8, 30, 22);
  expect(renderRows({ rows: [{ day: "2026-10-01" }], timeZone, from, to })).toContain(
    "\n\nTime zone Europe/Berlin, from 2026-10-01 to before 2026-10-25 02:30:00+02:00.",
  );
  expect(renderRows({ rows: [{ day: "2026-10-01" }], timeZone: "UTC", to })).toContain(
    "Time zone UTC, to before 2026-10-25 00:30:00+00:00.",
  );
});

test("a report without rows is empty", () => {
  expect(renderRows({ rows: [] })).toBe("Nothing in this time.");
});

test("names in several spellings are told below the table", () => {
  const spellings = ["Google", "google", "GOOGLE "];
  const shown = renderRows({
    rows: [{ source: "Google", clicks: 1 }],
    spellings: [{ dimension: "source", name: "google", spellings, count: 12 }],
  } as Parameters<typeof renderRows>[0]);
  expect(shown).toContain(
    '12 spellings of google in source: "Google", "google", "GOOGLE ", …\nThe tenant settings fold and aliases',
  );
});
