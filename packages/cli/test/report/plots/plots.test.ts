import { expect, test } from "vitest";
import type { Conversion } from "@tributary/reports/answers";
import { conversionSvg } from "../../../src/report/plots/conversion-plot.ts";
import { reportSvg } from "../../../src/report/plots/report-plot.ts";
import { rowsSvg } from "../../../src/report/plots/rows-plot.ts";

const row = (model: string, channel: string, day: string, value: string, currency = "EUR") => ({
  model,
  channel,
  day,
  conversions: 1,
  value,
  currency,
});

const report = (rows: readonly ReturnType<typeof row>[], currencies = ["EUR"]) => ({
  rows: [...rows],
  totals: {
    conversions: rows.length,
    attributed: rows.length,
    unattributed: 0,
    value: currencies.map((currency) => ({ currency, value: "1" })),
  },
});

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) => text);

test("a bar a channel and model, with the exact figure rounded so that it adds up", () => {
  const svg = reportSvg(
    report([
      row("linear", "email", "", "1.005"),
      row("linear", "direct", "", "2.005"),
      row("last_touch", "direct", "", "3.01"),
    ]),
    ["linear", "last_touch"],
    ["channel"],
  );
  const texts = textsOf(svg);
  expect(texts[0]).toBe("Value, EUR by channel");
  expect(texts).toEqual(
    expect.arrayContaining(["email", "direct", "1.01", "2.00", "0.00", "3.01"]),
  );
});

test("money of several currencies cannot be added: conversions are drawn", () => {
  const rows = [row("linear", "email", "", "1"), row("linear", "email", "", "1", "USD")];
  const texts = textsOf(reportSvg(report(rows, ["EUR", "USD"]), ["linear"], ["channel"]));
  expect(texts[0]).toBe("Conversions by channel, linear");
  expect(texts).toContain("2.00");
});

test("beyond the groups that are drawn the rest is one", () => {
  const rows = Array.from({ length: 30 }, (_, i) => row("linear", `channel ${i}`, "", "1"));
  const texts = textsOf(reportSvg(report(rows), ["linear"], ["channel"]));
  expect(texts).toEqual(expect.arrayContaining(["channel 22", "rest", "7.00"]));
  expect(texts).not.toContain("channel 23");
});

test("by day a report is drawn over time, in the order of the days", () => {
  const svg = reportSvg(
    report([
      row("linear", "email", "2026-11-02", "5"),
      row("linear", "email", "2026-11-01", "3"),
      row("linear", "direct", "2026-11-01", "4"),
    ]),
    ["linear"],
    ["channel", "day"],
  );
  const texts = textsOf(svg);
  expect(texts.slice(0, 3)).toEqual(["Value, EUR by channel and day, linear", "email", "direct"]);
  expect(texts.slice(-2)).toEqual(["2026-11-01", "2026-11-02"]);
  expect([...svg.matchAll(/<path /g)]).toHaveLength(2);
});

test("paths flow to where they ended", () => {
  const svg = rowsSvg("paths", {
    rows: [
      { path: "search > email", touchpoints: 2, conversions: 3, nonConverting: 1 },
      { path: "", touchpoints: 0, conversions: 2, nonConverting: 0 },
    ],
  });
  const texts = textsOf(svg);
  expect(texts).toEqual(
    expect.arrayContaining([
      "search 4",
      "email 4",
      "(no touchpoint) 2",
      "converted 5",
      "not converted 1",
    ]),
  );
});

test("days until the conversion, a day without any included", () => {
  const svg = rowsSvg("time-to-convert", {
    rows: [
      { measure: "days", length: 0, conversions: 4 },
      { measure: "days", length: 2, conversions: 1 },
      { measure: "days", length: 45, conversions: 2 },
      { measure: "touchpoints", length: 9, conversions: 7 },
    ],
  });
  const hints = [...svg.matchAll(/<rect class="s0"[^>]*><title>([^<]*)/g)].map(([, hint]) => hint);
  expect(hints).toHaveLength(31);
  expect([hints[0], hints[1], hints[2], hints[30]]).toEqual(["0: 4", "1: 0", "2: 1", "30+: 2"]);
});

test("the credits of a conversion, touchpoint by model", () => {
  const conversion = {
    id: "c1",
    orderId: "order-1",
    touchpoints: [
      {
        index: 1,
        time: Date.UTC(2026, 10, 1, 9),
        type: "click",
        channel: "email",
        campaign: "<nl>",
      },
      { index: 2, time: Date.UTC(2026, 10, 2, 9), type: "visit", channel: "direct", campaign: "" },
    ],
    credits: [
      { model: "linear", touch: 1, credit: "0.5", value: "5" },
      { model: "linear", touch: 2, credit: "0.5", value: "5" },
      { model: "last_touch", touch: 2, credit: "1", value: "10" },
    ],
  };
  const texts = textsOf(conversionSvg(conversion as unknown as Conversion));
  expect(texts).toEqual([
    "Credits of order-1",
    "linear",
    "last_touch",
    "2026-11-01 09:00 · email · &lt;nl&gt;",
    "0.50",
    "0.00",
    "2026-11-02 09:00 · direct",
    "0.50",
    "1.00",
  ]);
});
