import { TenantRules } from "@tributary/attribution";
import { DEFAULT_REPORT_SETTINGS, type ReportSettings } from "../../src/question/settings.ts";
import { randomUUID } from "node:crypto";
import { formatDecimal, parseDecimal, type TributaryEvent } from "@tributary/protocol";
import { storeRates, storeSpend, type WarehouseEngine } from "@tributary/warehouse";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { rateRows, spendRows } from "../../src/formats/import-rows.ts";
import { givenRows } from "../../src/formats/import-text.ts";
import { CATALOG } from "../../src/catalog/catalog.ts";
import { answerReport } from "../../src/catalog/report.ts";
import { click, purchase, T0 } from "../support/blocks.ts";
import { temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

/** The day of T0, 22:13 UTC. */
const DAY = "2023-11-14";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

type Row = Readonly<Record<string, unknown>>;
interface Answer {
  readonly rows: readonly Row[];
  readonly totals: readonly Row[];
}

const ask = async (
  tenant: string,
  parameters: Record<string, string> = {},
  settings: ReportSettings = DEFAULT_REPORT_SETTINGS,
): Promise<Answer> => {
  const report = CATALOG.cost;
  const context = { engine, tenant, settings, now: T0 + 1e9 };
  const answer = await answerReport(report, context, parameters);
  const read: unknown = report.answer.parse(answer);
  return read as Answer;
};
const NAMES = { fold: ["source", "campaign"] as const, aliases: { source: { adwords: "google" } } };
const FOLDED = {
  ...DEFAULT_REPORT_SETTINGS,
  channels: new TenantRules({ rules: [], excludedReferrers: [], names: NAMES }),
};
const spend = async (tenant: string, csv: string, at = 1): Promise<void> =>
  storeSpend(engine, tenant, spendRows((await givenRows("spend", Buffer.from(csv))).rows), {
    importedAt: at,
    importId: "",
  });
const rates = async (tenant: string, csv: string): Promise<void> =>
  storeRates(engine, tenant, rateRows((await givenRows("rates", Buffer.from(csv))).rows), {
    importedAt: 1,
    importId: "",
  });

const EVENTS: readonly TributaryEvent[] = [
  click("t1", { channel: "email", campaign: "autumn" }),
  click("t2", { channel: "paid_search", campaign: "brand", time: T0 - 500 }),
  purchase("c1", { value: "90", currency: "EUR" }),
  click("t3", { userId: "u2", channel: "display", campaign: "reach" }),
  click("t4", { userId: "u3", channel: "paid_search", campaign: "brand" }),
  purchase("c2", { userId: "u3", value: "10", currency: "USD" }),
  purchase("c3", { userId: "u4", value: "7", currency: "EUR" }),
];

test("spend and credits side by side; what has no other side has a row of its own", async () => {
  await loadTraffic(engine, [EVENTS], "shop");
  await spend(
    "shop",
    `day,campaign,channel,amount,currency\n${DAY},autumn,email,30,EUR\n${DAY},brand,paid_search,50,EUR\n${DAY},reach,display,5,EUR\n${DAY},ghost,display,1.5,EUR\n`,
  );
  await rates("shop", "day,currency,target,rate\n2023-11-01,USD,EUR,0.5\n2023-11-15,USD,EUR,9\n");
  const { rows, totals } = await ask("shop", { by: "campaign", currency: "EUR" });
  expect(
    rows.map((row) => [
      row["campaign"],
      row["spend"],
      row["value"],
      row["conversions"],
      row["match"],
    ]),
  ).toEqual([
    ["brand", "50", "50", "1.5", "spend_and_conversions"],
    ["autumn", "30", "45", "0.5", "spend_and_conversions"],
    ["reach", "5", "0", "0", "spend_without_conversion"],
    ["ghost", "1.5", "0", "0", "spend_without_touchpoint"],
    ["(unattributed)", null, "7", "1", "conversions_without_touchpoint"],
  ]);
  expect(rows[0]).toMatchObject({ roas: 1, cpa: 33.333333333333, cpc: 25, arrivals: 2 });
  expect(rows[2]).toMatchObject({ roas: 0, cpa: null, cpc: 5 });
  expect(rows[3]).toMatchObject({ roas: null, cpa: null, cpc: null });
  expect(rows[4]).toMatchObject({ roas: null, cpa: null, cpc: null });
  expect(totals).toEqual([
    {
      currency: "EUR",
      spend: "86.5",
      value: "102",
      conversions: "3",
      spendWithoutTouchpoint: "1.5",
      spendWithoutConversion: "5",
      valueWithoutSpend: "7",
      conversionsWithoutSpend: "1",
      // Of autumn, brand and reach; and of all.
      roas: 1.117647058824,
      cpa: 42.5,
      blendedRoas: 1.179190751445,
      blendedCpa: 28.833333333333,
    },
  ]);
  // Without a currency to bring them to, each stays its own.
  const own = await ask("shop", { by: "channel" });
  expect(own.totals.map((of) => [of["currency"], of["spend"], of["value"]])).toEqual([
    ["EUR", "86.5", "97"],
    ["USD", null, "10"],
  ]);
});

test("what nobody knows is null, and a spend of 0 is known", async () => {
  const free = [
    click("t1", { channel: "email", campaign: "free" }),
    purchase("c1", { value: "90", currency: "EUR" }),
    click("t2", { userId: "u2", channel: "email", campaign: "untold" }),
    purchase("c2", { userId: "u2", value: "3", currency: "EUR" }),
    click("t3", { userId: "u3", channel: "email", campaign: "abroad" }),
    purchase("c3", { userId: "u3", value: "5", currency: "EUR" }),
  ];
  await loadTraffic(engine, [free], "unknown");
  await spend(
    "unknown",
    `day,campaign,channel,amount,currency\n${DAY},free,email,0,EUR\n${DAY},abroad,email,700,JPY\n`,
  );
  const { rows, totals } = await ask("unknown", { by: "campaign" });
  const none = { spend: null, roas: null, cpa: null, cpc: null };
  expect(rows).toMatchObject([
    {
      campaign: "free",
      spend: "0",
      value: "90",
      roas: null,
      cpa: 0,
      cpc: 0,
      match: "spend_and_conversions",
    },
    { campaign: "abroad", currency: "EUR", ...none, match: "spend_in_other_currency" },
    { campaign: "untold", ...none, value: "3", match: "conversions_without_spend" },
    // Its conversions are in another currency: a return of 0 would be wrong.
    {
      campaign: "abroad",
      currency: "JPY",
      spend: "700",
      roas: null,
      cpa: null,
      cpc: 700,
      match: "conversions_in_other_currency",
    },
  ]);
  expect(totals).toMatchObject([
    {
      currency: "EUR",
      spend: "0",
      valueWithoutSpend: "8",
      conversionsWithoutSpend: "2",
      roas: null,
      cpa: 0,
      blendedRoas: null,
      blendedCpa: 0,
    },
    {
      currency: "JPY",
      spend: "700",
      value: "0",
      spendWithoutConversion: "700",
      roas: null,
      cpa: null,
      blendedRoas: null,
      blendedCpa: null,
    },
  ]);
});

test("spend meets the conversions of every spelling of its name", async () => {
  const of = (i: number, campaign: string, source: string): TributaryEvent[] => [
    click(`s${i}`, { userId: `p${i}`, campaign, source, medium: "cpc" }),
    purchase(`o${i}`, { userId: `p${i}`, value: "60", currency: "EUR" }),
  ];
  const events = [
    ...of(1, "spring_sale", "google"),
    ...of(2, "Spring_Sale", "Google "),
    ...of(3, " SPRING_SALE", "AdWords"),
  ];
  await loadTraffic(engine, [events], "spelled");
  await spend(
    "spelled",
    `day,campaign,source,medium,amount,currency\n${DAY},spring_sale,google,cpc,30,EUR\n${DAY},Spring_Sale,Google,cpc,60,EUR\n`,
  );
  const rows = async (by: string, settings?: ReportSettings): Promise<unknown[]> =>
    (await ask("spelled", { by }, settings)).rows.map((row) => [
      row[by],
      row["spend"],
      row["value"],
      row["roas"],
      row["arrivals"],
    ]);
  expect(await rows("campaign")).toHaveLength(3);
  const { spellings } = (await ask("spelled", { by: "campaign" })) as { spellings?: unknown };
  expect(spellings).toMatchObject([{ dimension: "campaign", name: "spring_sale", count: 3 }]);
  expect(await ask("spelled", { by: "campaign" }, FOLDED)).not.toHaveProperty("spellings");
  expect(await rows("campaign", FOLDED)).toEqual([["spring_sale", "90", "180", 2, 3]]);
  expect(await rows("source", FOLDED)).toEqual([["google", "90", "180", 2, 3]]);
});

test("an import again changes nothing, a correction takes its place, and days are a time zone's", async () => {
  const line = (amount: string): string =>
    `day,source,medium,amount,currency\n${DAY},google,cpc,${amount},EUR\n`;
  await spend("again", line("10"), 1);
  await spend("again", line("10"), 2);
  expect((await ask("again")).rows).toMatchObject([{ channel: "paid_search", spend: "10" }]);
  await spend("again", line("12.345678901234"), 3);
  expect((await ask("again")).totals).toMatchObject([{ spend: "12.345678901234" }]);
  const ofDay = async (from: string, timeZone: string): Promise<number> =>
    (await ask("again", { from, timeZone })).rows.length;
  expect(await ofDay("2023-11-14", "UTC")).toBe(1);
  expect(await ofDay("2023-11-14T00:00:01Z", "UTC")).toBe(0);
  expect(await ofDay("2023-11-14T00:00:00Z", "Europe/Berlin")).toBe(0);
  expect(await ofDay("2023-11-13T23:00:00Z", "Europe/Berlin")).toBe(1);
});

test("by days, weeks and months spend meets the conversions of the same span", async () => {
  // T0 is 2023-11-14 22:13 UTC: in Kathmandu it is the 15th, a Wednesday.
  await loadTraffic(engine, [EVENTS], "spans");
  const rows = ["2023-11-14,10", "2023-11-15,30", "2023-11-20,5", "2023-10-31,1"];
  const csv = rows.map((row) => `${row},EUR,email,autumn\n`).join("");
  await spend("spans", `day,amount,currency,channel,campaign\n${csv}`);
  const by = async (dimensions: string, more: Record<string, string> = {}) => {
    const { rows: found } = await ask("spans", { by: dimensions, ...more });
    const euros = found.filter(({ currency }) => currency === "EUR");
    const fields = [...dimensions.split(","), "spend", "value", "conversions"];
    return euros.map((row) => fields.map((field) => row[field]));
  };
  const timeZone = "Asia/Kathmandu";
  expect(await by("day", { timeZone })).toEqual([
    ["2023-10-31", "1", "0", "0"],
    ["2023-11-14", "10", "0", "0"],
    ["2023-11-15", "30", "97", "2"],
    ["2023-11-20", "5", "0", "0"],
  ]);
  expect(await by("week", { timeZone })).toEqual([
    ["2023-10-30", "1", "0", "0"],
    ["2023-11-13", "40", "97", "2"],
    ["2023-11-20", "5", "0", "0"],
  ]);
  expect(await by("month,campaign")).toEqual([
    ["2023-10", "autumn", "1", "0", "0"],
    ["2023-11", "autumn", "45", "45", "0.5"],
    ["2023-11", "brand", null, "45", "0.5"],
    ["2023-11", "(unattributed)", null, "7", "1"],
  ]);
  await expect(ask("spans", { by: "hour" })).rejects.toMatchObject({ code: "dimension_unknown" });
  await expect(ask("spans", { by: "day,week" })).rejects.toMatchObject({
    code: "dimension_too_many",
    details: { field: "by", given: "day,week", allowed: ["day", "week", "month"] },
  });
});

test("a rate that is missing is named by currency and day", async () => {
  await spend("poor", `day,campaign,amount,currency\n${DAY},x,1,USD\n`);
  await rates("poor", "day,currency,target,rate\n2023-11-15,USD,EUR,0.9\n");
  await expect(ask("poor", { currency: "EUR" })).rejects.toMatchObject({
    code: "rate_missing",
    message: `there is no rate of USD in EUR for ${DAY} or before: import it with \`tributary rates import\`, or to /v1/rates, or ask without currency`,
  });
  // All of them at once, each for its first day.
  const days = `2023-11-14,x,1,USD\n2023-11-13,y,1,USD\n2023-11-13,z,1,GBP\n2023-11-16,w,1,JPY\n`;
  await spend("poorer", `day,campaign,amount,currency\n${days}`);
  await rates("poorer", "day,currency,target,rate\n2023-11-15,JPY,EUR,0.006\n");
  await expect(ask("poorer", { currency: "EUR" })).rejects.toMatchObject({
    message: expect.stringContaining(
      "no rate of GBP in EUR for 2023-11-13 or before, nor of USD in EUR for 2023-11-13 or before:",
    ),
  });
  await expect(ask("poor", { currency: "EURO" })).rejects.toMatchObject({ code: "choice_unknown" });
});

test.each([
  [{ rows: [{ day: "2026-02-30", amount: "1", currency: "EUR" }] }, 1, "day"],
  [{ rows: [{ day: "2026-02-03", amount: "x", currency: "EUR" }] }, 1, "amount"],
  [{ rows: [{ day: "2026-02-03", amount: "-1", currency: "EUR" }] }, 1, "amount"],
  [{ rows: [{ day: "2026-02-03", amount: "1", currency: "eur" }] }, 1, "currency"],
  [
    [
      { day: "2026-02-03", amount: 1, currency: "EUR" },
      { day: "2026-02-03", amount: 2, currency: "EUR" },
    ],
    2,
    "day",
  ],
  [[{ day: 5, amount: 1, currency: "EUR" }], 1, "day"],
])("%j is refused as a whole, by row and field", (body, line, field) => {
  expect(() => spendRows(body)).toThrow(
    expect.objectContaining({
      code: "import_invalid",
      details: { refused: [expect.objectContaining({ line, field })] },
    }),
  );
});

test("a field that there is not is named once, and not for each row", () => {
  const row = { day: "2026-02-03", amount: "1", currency: "EUR", cost: 1 };
  const rows = [row, { ...row, day: "2026-02-04" }, { ...row, day: "2026-02-05", clicks: 1 }];
  expect(() => spendRows({ rows })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("there are no fields cost, clicks; allowed: day, amount"),
      details: {
        refused: [
          expect.objectContaining({ line: 1, field: "cost" }),
          expect.objectContaining({ line: 3, field: "clicks" }),
        ],
      },
    }),
  );
});

test.each(["", [], 5, { rows: 5 }])("%j is no import", (body) => {
  expect(() => spendRows(body)).toThrow(expect.objectContaining({ code: "import_invalid" }));
});

const amount = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((units) => formatDecimal(units));
const cell = fc.record({
  campaign: fc.constantFrom("autumn", "brand", "reach", "ghost", ""),
  currency: fc.constantFrom("EUR", "USD"),
  amount,
});

test("whatever was spent and earned, the rows sum to it, in the last digit", async () => {
  const units = (text: unknown): bigint => parseDecimal(String(text)) ?? -1n;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(cell, { maxLength: 5, selector: ({ campaign }) => campaign }),
      fc.array(cell, { minLength: 1, maxLength: 5 }),
      amount.filter((text) => text !== "0"),
      async (spent, sold, rate) => {
        const tenant = randomUUID();
        const events = sold.flatMap(({ campaign, currency, amount: value }, i) => [
          click(`t${i}`, { userId: `u${i}`, channel: "email", ...(campaign && { campaign }) }),
          purchase(`c${i}`, { userId: `u${i}`, value, currency }),
        ]);
        await loadTraffic(engine, [events], tenant);
        await rates(tenant, `day,currency,target,rate\n2020-01-01,USD,EUR,${rate}\n`);
        if (spent.length > 0) {
          await storeSpend(
            engine,
            tenant,
            spendRows(spent.map((of) => ({ ...of, channel: "email", day: DAY }))),
            { importedAt: 1, importId: "" },
          );
        }
        const { rows, totals } = await ask(tenant, { currency: "EUR", by: "campaign,channel" });
        // Half up at 12 digits, of the sum and not of its parts.
        const inEuros = (all: readonly { currency: string; amount: string }[]): bigint => {
          const exact = all.reduce(
            (sum, of) =>
              sum + units(of.amount) * (of.currency === "EUR" ? 10n ** 12n : units(rate)),
            0n,
          );
          return (exact + 5n * 10n ** 11n) / 10n ** 12n;
        };
        const sumOf = (field: string): bigint =>
          rows.reduce((sum, row) => sum + units(row[field] ?? "0"), 0n);
        expect(sumOf("spend")).toBe(inEuros(spent));
        expect(sumOf("value")).toBe(inEuros(sold));
        expect(sumOf("conversions")).toBe(BigInt(sold.length) * 10n ** 12n);
        expect(units(totals[0]?.["spend"] ?? "0")).toBe(inEuros(spent));
      },
    ),
    { numRuns: runs(15) },
  );
});
