import { expect, test } from "vitest";
import { reportCsv } from "../../src/report/csv.ts";
import { renderReport } from "../../src/report/table.ts";

const row = (
  model: string,
  channel: string,
  conversions: number,
  value: string,
  currency = "EUR",
) => ({
  model,
  channel,
  conversions,
  value,
  currency,
});

const report = {
  rows: [
    row("linear", "unattributed", 1, "5"),
    row("linear", "email", 0.333333333333, "3.333333333333"),
    row("linear", "direct", 0.666666666667, "6.666666666667"),
    row("last_touch", "direct", 1, "10"),
    row("last_touch", "unattributed", 1, "5"),
  ],
  totals: {
    conversions: 2,
    attributed: 1,
    unattributed: 1,
    value: [{ currency: "EUR", value: "15" }],
  },
};

test("a row for each channel, unattributed last, and columns that add up", () => {
  expect(renderReport(report, ["last_touch", "linear"], ["channel"])).toBe(`Value, EUR
channel       last_touch  linear
────────────────────────────────
email               0.00    3.33
direct             10.00    6.67
unattributed        5.00    5.00
────────────────────────────────
total              15.00   15.00

Conversions
channel       last_touch  linear
────────────────────────────────
email               0.00    0.33
direct              1.00    0.67
unattributed        1.00    1.00
────────────────────────────────
total               2.00    2.00

2 conversions: 1 attributed, 1 without a touchpoint.`);
});

test("every heading names the time of the state, and so does an empty report", () => {
  const asOf = Date.UTC(2026, 9, 1, 12);
  const text = renderReport({ ...report, asOf }, ["linear"], ["channel"]);
  const said = "as of 2026-10-01T12:00:00.000Z";
  expect(text).toContain(`Value, EUR ${said}\n`);
  expect(text).toContain(`\nConversions ${said}\n`);
  expect(text).toContain(`2 conversions ${said}: 1 attributed`);
  expect(renderReport({ ...report, rows: [], asOf }, ["linear"], ["channel"])).toBe(
    `No conversions ${said}.`,
  );
});

test("currencies are never added up: each has its table", () => {
  const mixed = {
    rows: [row("linear", "email", 1, "1", "EUR"), row("linear", "email", 1, "100", "JPY")],
    totals: {
      conversions: 2,
      attributed: 2,
      unattributed: 0,
      value: [
        { currency: "EUR", value: "1" },
        { currency: "JPY", value: "100" },
      ],
    },
  };
  const text = renderReport(mixed, ["linear"], ["channel"]);
  expect(text).toMatch(/Value, EUR\n.*\n.*\nemail\s+1\.00\n/);
  expect(text).toMatch(/Value, JPY\n.*\n.*\nemail\s+100\n/);
  expect(text).toMatch(/Conversions\n.*\n.*\nemail\s+2\.00\n/);
});

test("control characters in a name are shown, not obeyed", () => {
  const hostile = { ...report, rows: [row("linear", "\u001b[2Jx\u202e", 1, "1")] };
  const text = renderReport(hostile, ["linear"], ["channel"]);
  expect(text).not.toContain("\u001b");
  expect(text).toContain("\ufffd[2Jx\ufffd");
});

test("CSV keeps values exact, and names that look like formulas are text", () => {
  expect(reportCsv([row("linear", '=cmd("x")', 0.5, "0.333333333333")], ["channel"])).toBe(
    'model,channel,conversions,value,currency\nlinear,"\'=cmd(""x"")",0.5,0.333333333333,EUR',
  );
});

test("removal effects have a table of their own, the largest first, and the probability of a conversion", () => {
  const removalEffects = [
    {
      model: "markov",
      conversionProbability: 0.625,
      effects: [
        { channel: "email", effect: 1 },
        { channel: "paid_search", effect: 0.5 },
      ],
    },
    { model: "markov_2", conversionProbability: 0.6, effects: [{ channel: "email", effect: 0.9 }] },
  ];
  const rows = [row("markov", "email", 1, "1")];
  const text = renderReport({ ...report, rows, removalEffects }, ["markov"], ["channel", "day"]);
  expect(text).toMatch(/lost without\nchannel +markov +markov_2\n.*\nemail +100\.00 % +90\.00 %\n/);
  expect(text).toMatch(/paid_search +50\.00 % +0\.00 %\n/);
  expect(text).toContain(
    "A journey with a touchpoint converts with a probability of 62.50 % under markov, 60.00 % under markov_2.",
  );
});

test("intervals have a table of their own, and neighbours without a significant difference are named", () => {
  const ranged = (channel: string, conversions: number, low: number, high: number) => ({
    ...row("markov", channel, conversions, "1"),
    conversionsInterval: [low, high] as [number, number],
    valueInterval: [0.5, 1.5] as [number, number],
  });
  const pair = { model: "markov", difference: 1, interval: [-1, 2] as [number, number] };
  const rows = [ranged("email", 3, 2.5, 3.504), ranged("direct", 2, 1, 3), ranged("x", 1, 0, 1)];
  const text = renderReport(
    {
      ...report,
      rows,
      comparisons: [
        { ...pair, first: { channel: "email" }, second: { channel: "direct" }, differ: false },
        { ...pair, first: { channel: "direct" }, second: { channel: "x" }, differ: true },
      ],
    },
    ["markov"],
    ["channel"],
  );
  expect(text).toMatch(
    /Confidence of conversions\n.*\n.*\nmarkov\s+email\s+EUR\s+3.00\s+2.50\s+3.50\n/,
  );
  expect(text.split("\n").at(-1)).toBe("markov: email and direct do not differ significantly.");
  expect(text).not.toContain("direct and x");
  const [head, first] = reportCsv(rows, ["channel"]).split("\n");
  expect(head).toMatch(/,currency,conversionsLow,conversionsHigh,valueLow,valueHigh$/);
  expect(first).toMatch(/,EUR,2.5,3.504,0.5,1.5$/);
});
