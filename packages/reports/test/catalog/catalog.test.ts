import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { parseDecimal, type TributaryEvent } from "@tributary/protocol";
import type { WarehouseEngine } from "@tributary/warehouse";
import { CATALOG, type ReportName } from "../../src/catalog/catalog.ts";
import { answerReport } from "../../src/catalog/report.ts";
import { T0 } from "../support/blocks.ts";
import { temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

type Row = Readonly<Record<string, unknown>>;
interface Answer {
  readonly rows: readonly Row[];
  readonly totals: Row;
  readonly rest: Row;
}

/** An answer, which is as its schema says. */
const ask = async (
  name: ReportName,
  tenant: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const report = CATALOG[name];
  const context = { engine, tenant, settings: DEFAULT_REPORT_SETTINGS, now: T0 + 1e10 };
  const answer = await answerReport(report, context, parameters);
  const read: unknown = report.answer.parse(answer);
  return read as Answer;
};

const event = (id: string, userId: string, more: Partial<TributaryEvent>): TributaryEvent => {
  const touch = more.type === undefined || more.type === "visit" || more.type === "impression";
  const channel = touch ? { channel: "email" } : {};
  return { id, userId, time: T0, type: "click", ...channel, ...more };
};
const EVENTS: readonly TributaryEvent[] = [
  event("i1", "ada", { type: "impression", channel: "display", time: T0 - 20 * HOUR_MS }),
  event("c1", "ada", { channel: "display", time: T0 - 10 * HOUR_MS, campaign: "spring" }),
  event("c2", "ada", { time: T0 - 5 * HOUR_MS }),
  event("c3", "ada", { time: T0 - 4 * HOUR_MS }),
  event("b1", "ada", { type: "conversion", name: "purchase", value: "10", currency: "EUR" }),
  event("c4", "bob", { time: T0 - 3 * DAY_MS }),
  event("b2", "bob", { type: "conversion", name: "purchase", value: "0.5", currency: "EUR" }),
  event("b3", "eve", { type: "conversion", name: "lead" }),
  event("v1", "kim", { type: "visit" }),
  event("w1", "kim", { type: "custom", name: "scrolled" }),
  event("x1", "kim", { type: "identify" }),
];

describe("by hand", () => {
  beforeAll(async () => loadTraffic(engine, [EVENTS], "shop"));

  test("events are counted by what they bear, users once", async () => {
    const { rows, totals } = await ask("counts", "shop");
    expect(rows).toMatchObject([
      { channel: "(none)", conversions: 3, custom: 1, reach: 4, clickThroughRate: null },
      { channel: "display", impressions: 1, reach: 1, clickThroughRate: 1, conversionRate: 1 },
      { channel: "email", clicks: 3, visits: 1, visitors: 3, converted: 2, conversionRate: 2 / 3 },
    ]);
    expect(totals).toEqual({
      impressions: 1,
      clicks: 4,
      visits: 1,
      custom: 1,
      conversions: 3,
      reach: 4,
      visitors: 3,
      converted: 2,
      // Of display alone: nobody recorded what of email was shown.
      clickThroughRate: 1,
      conversionRate: 2 / 3,
    });
    const named = await ask("counts", "shop", { by: "name" });
    expect(named.rows.map(({ name, conversions }) => [name, conversions])).toEqual([
      ["(none)", 0],
      ["lead", 1],
      ["purchase", 2],
      ["scrolled", 0],
    ]);
  });

  test("spans begin where the time zone has them begin", async () => {
    // T0 is 2023-11-14T22:13:20Z: already the 15th in Kolkata.
    const by = async (interval: string, timeZone: string) => {
      const { rows } = await ask("counts", "shop", { by: "name", interval, timeZone });
      return rows.filter(({ name }) => name === "lead").map(({ time }) => time);
    };
    expect(await by("day", "UTC")).toEqual(["2023-11-14"]);
    expect(await by("day", "Asia/Kolkata")).toEqual(["2023-11-15"]);
    expect(await by("week", "Asia/Kolkata")).toEqual(["2023-11-13"]);
    expect(await by("month", "UTC")).toEqual(["2023-11"]);
    expect(await by("minute", "Asia/Kolkata")).toEqual(["2023-11-15T03:43+05:30"]);
    expect(await by("hour", "Asia/Kolkata")).toEqual(["2023-11-15T03:00+05:30"]);
  });

  test("the paths taken, simplified, and the rest", async () => {
    const { rows, totals } = await ask("paths", "shop", { transform: "exposure" });
    expect(rows).toEqual([
      path("email", 1, 1, [{ currency: "EUR", value: "0.5" }], 1),
      path("display > email", 2, 1, [{ currency: "EUR", value: "10" }]),
      path("", 0, 1, []),
    ]);
    expect(totals).toMatchObject({ paths: 3, conversions: 3, nonConverting: 1 });
    const short = await ask("paths", "shop", { limit: "1", by: "channel,campaign" });
    expect(short.rest).toMatchObject({ paths: 2, conversions: 2, nonConverting: 0 });
    const all = await ask("paths", "shop", { by: "channel,campaign" });
    expect(all.rows.map((row) => row["path"])).toContain(
      "display / (none) > display / spring > email / (none) > email / (none)",
    );
  });

  test("who was first, last, and on the way", async () => {
    const { rows, totals } = await ask("assists", "shop");
    expect(rows).toEqual([
      {
        channel: "display",
        currency: "EUR",
        first: 1,
        last: 0,
        assisted: 1,
        assistedValue: "10",
        lastValue: "0",
        assistedPerLast: null,
      },
      {
        channel: "email",
        currency: "EUR",
        first: 1,
        last: 2,
        assisted: 0,
        assistedValue: "0",
        lastValue: "10.5",
        assistedPerLast: 0,
      },
    ]);
    expect(totals).toEqual({ attributed: 2, unattributed: 1 });
  });

  test("days and touchpoints to convert, and those without any", async () => {
    const { rows, totals } = await ask("time-to-convert", "shop");
    expect(rows).toEqual([
      { measure: "days", length: 0, conversions: 1 },
      { measure: "days", length: 3, conversions: 1 },
      { measure: "touchpoints", length: 1, conversions: 1 },
      { measure: "touchpoints", length: 4, conversions: 1 },
    ]);
    expect(totals).toMatchObject({ attributed: 2, unattributed: 1, p90Ms: 3 * DAY_MS });
    expect((await ask("time-to-convert", "nobody")).totals).toMatchObject({
      attributed: 0,
      medianMs: null,
    });
  });

  test("a time before anything, and another tenant, have nothing", async () => {
    expect((await ask("counts", "shop", { to: "2020-01-01" })).totals).toMatchObject({ reach: 0 });
    expect((await ask("counts", "shop", { asOf: "2020-01-01" })).totals["reach"]).toBe(0);
    for (const name of Object.keys(CATALOG) as ReportName[]) {
      const parameters = name === "changes" ? { since: "2020-01-01" } : {};
      expect((await ask(name, "another", parameters)).rows).toEqual([]);
    }
  });
});

const path = (
  name: string,
  touchpoints: number,
  conversions: number,
  value: readonly { currency: string; value: string }[],
  nonConverting = 0,
) => ({ path: name, touchpoints, conversions, value, nonConverting });

test.each([
  [
    { interval: "minute", from: "2016-01-01", to: "2026-01-01" },
    "interval_too_short",
    "interval",
    ["day", "week", "month"],
  ],
  [{ interval: "second" }, "choice_unknown", "interval", undefined],
  [{ by: "colour" }, "dimension_unknown", "by", undefined],
  [{ timeZone: "Mars/Olympus" }, "time_zone_unknown", "timeZone", undefined],
  [{ from: "2026-01-02", to: "2026-01-01" }, "range_empty", "from", undefined],
  [{ model: "linear" }, "parameter_unknown", "model", undefined],
])("a count that cannot be made is refused: %j", async (parameters, code, field, allowed) => {
  await expect(ask("counts", "shop", parameters as Record<string, string>)).rejects.toMatchObject({
    code,
    details: { field, ...(allowed === undefined ? {} : { allowed }) },
  });
});

test.each([{ transform: "frequency" }, { limit: "0" }, { by: "name" }])(
  "paths that cannot be shown are refused: %j",
  async (parameters) => {
    await expect(ask("paths", "shop", parameters as Record<string, string>)).rejects.toMatchObject({
      code: expect.stringMatching(/choice_unknown|number_invalid|dimension_unknown/) as string,
    });
  },
);

const touches = fc.record({
  type: fc.constantFrom("impression", "click", "visit", "custom"),
  channel: fc.constantFrom("email", "display", "direct"),
});
const purchases = fc.record({
  type: fc.constant("conversion"),
  value: fc.constantFrom("0.01", "123456789012.123456789012"),
  currency: fc.constantFrom("EUR", "USD"),
});
const traffic = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 3, arbitrary: touches }, purchases),
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom("ada", "bob", "eve"),
    ),
    { minLength: 5, maxLength: 60 },
  )
  .map((all) =>
    all.map(([fields, hour, userId], i): TributaryEvent => ({
      id: `e${(i * 37) % 101}`,
      userId,
      time: T0 + hour * HOUR_MS,
      ...fields,
    })),
  );

test("every report adds up to what there is, whatever it is asked by", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(traffic, fc.integer({ min: 1, max: 4 }), async (events, limit) => {
      run += 1;
      const tenant = `law${run}`;
      await loadTraffic(engine, [events.slice(0, 20), events.slice(20)], tenant);
      const conversions = events.filter(({ type }) => type === "conversion");
      const { rows, totals } = await ask("counts", tenant, { by: "channel", interval: "day" });
      for (const kind of ["impressions", "clicks", "visits", "custom", "conversions"]) {
        expect(sum(rows, kind)).toBe(totals[kind]);
      }
      expect(totals["conversions"]).toBe(conversions.length);
      expect(totals["reach"]).toBe(new Set(events.map(({ userId }) => userId)).size);
      const visits = events.filter(({ type }) => type === "click" || type === "visit");
      const whole = await ask("counts", tenant, { by: "channel" });
      for (const row of whole.rows) {
        const own = visits.filter(({ channel }) => channel === row["channel"]);
        expect(row).toMatchObject(convertedOf(own, conversions));
        for (const rate of ["clickThroughRate", "conversionRate"]) {
          expect(row[rate] ?? 0).toBeLessThanOrEqual(1);
        }
      }
      expect(whole.totals).toMatchObject(convertedOf(visits, conversions));
      const paths = await ask("paths", tenant, { limit: String(limit), transform: "first" });
      expect(sum(paths.rows, "conversions") + Number(paths.rest["conversions"])).toBe(
        conversions.length,
      );
      expect(moneyOf([...paths.rows, paths.rest])).toEqual(moneyOf([paths.totals]));
      for (const { currency, value } of paths.totals["value"] as Money[]) {
        const own = conversions.filter((of) => of.currency === currency);
        const total = own.reduce((all, of) => all + (parseDecimal(String(of.value)) ?? 0n), 0n);
        expect(parseDecimal(value)).toBe(total);
      }
      const assists = await ask("assists", tenant);
      const { attributed, unattributed } = assists.totals;
      expect(sum(assists.rows, "last")).toBe(attributed);
      expect(sum(assists.rows, "first")).toBe(attributed);
      expect(Number(attributed) + Number(unattributed)).toBe(conversions.length);
      const lengths = await ask("time-to-convert", tenant);
      expect(sum(lengths.rows, "conversions")).toBe(2 * Number(attributed));
    }),
    { numRuns: runs(8) },
  );
});

/** Who visited, and who of them converted at or after their first visit. */
function convertedOf(visits: readonly TributaryEvent[], conversions: readonly TributaryEvent[]) {
  const visitors = Map.groupBy(visits, ({ userId }) => userId);
  const converted = [...visitors].filter(([user, own]) =>
    conversions.some((of) => of.userId === user && own.some(({ time }) => time <= of.time)),
  );
  return {
    visitors: visitors.size,
    converted: converted.length,
    conversionRate: visitors.size === 0 ? null : converted.length / visitors.size,
  };
}

interface Money {
  readonly currency: string;
  readonly value: string;
}

function sum(rows: readonly Row[], field: string): number {
  return rows.reduce((total, row) => total + Number(row[field]), 0);
}

function moneyOf(rows: readonly Row[]): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const { currency, value } of rows.flatMap((row) => row["value"] as Money[])) {
    totals.set(currency, (totals.get(currency) ?? 0n) + (parseDecimal(value) ?? 0n));
  }
  return new Map([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
