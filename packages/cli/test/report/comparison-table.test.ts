import { expect, test } from "vitest";
import { renderComparison } from "../../src/report/comparison-table.ts";
import { reportNotes } from "../../src/report/report-notes.ts";

const row = (channel: string, before: number, now: number) => ({
  model: "linear",
  channel,
  currency: "EUR",
  conversions: now,
  value: String(now * 10),
  conversionsBefore: before,
  valueBefore: String(before * 10),
  conversionsChange: now - before,
  valueChange: String((now - before) * 10),
});
const totals = {
  conversions: 3,
  attributed: 2,
  unattributed: 1,
  value: [{ currency: "EUR", value: "30" }],
};

test("each group as it is, what if, and the change; a change is the difference of the figures shown", () => {
  const rows = [row("unattributed", 0.5, 1), row("email", 1.5, 0), row("direct", 1, 2)];
  expect(renderComparison({ rows, totals }, ["linear"], ["channel"])).toBe(`linear: value, EUR
channel       as it is  what if  change
───────────────────────────────────────
email            15.00     0.00  -15.00
direct           10.00    20.00  +10.00
unattributed      5.00    10.00   +5.00
───────────────────────────────────────
total            30.00    30.00    0.00

linear: conversions
channel       as it is  what if  change
───────────────────────────────────────
email             1.50     0.00   -1.50
direct            1.00     2.00   +1.00
unattributed      0.50     1.00   +0.50
───────────────────────────────────────
total             3.00     3.00    0.00`);
});

test("the notes name the time up to which a report is complete, and its rules", () => {
  const rules = {
    clickWindowMs: 7 * 86_400_000,
    viewWindowMs: 36 * 3_600_000,
    halfLifeMs: 1,
    viewThrough: true,
    clickBeatsImpression: false,
    afterConversion: "keep",
    transform: "unique",
  };
  const timeZone = "Europe/Berlin";
  const report = { rows: [], totals, timeZone, completeUpTo: Date.UTC(2026, 9, 1), rules };
  const times = "Time zone Europe/Berlin, all time.\n";
  const complete =
    "Complete up to 2026-10-01T00:00:00.000Z: the report includes everything accepted earlier.";
  expect(reportNotes({ ...report, source: "streamed" })).toBe(`${times}${complete}`);
  expect(
    reportNotes({
      ...report,
      source: "facts",
      rules: {
        ...rules,
        viewThrough: false,
        clickBeatsImpression: true,
        conversionTouch: true,
        leaveOut: ["channel:email"],
        leftOutTouchpoints: 1234,
      },
    }),
  ).toBe(
    `${times}Credited anew from the facts: clicks and visits count for 7d, impressions not; a click beats impressions; a conversion is the last touchpoint itself; without channel:email (1,234 touchpoints).\n${complete}`,
  );
  const unbounded = { ...rules, clickWindowMs: null, viewWindowMs: null };
  expect(reportNotes({ ...report, source: "facts", rules: unbounded })).toContain(
    "clicks and visits count whatever their age, impressions whatever their age.",
  );
  expect(reportNotes({ ...report, source: "streamed", completeUpTo: 0 })).toContain(
    "not known to be complete",
  );
});
