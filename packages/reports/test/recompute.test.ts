import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MODEL_NAMES, PATH_MODEL_NAMES } from "@tributary/attribution";
import { parseDecimal, type TributaryEvent } from "@tributary/protocol";
import { ATTRIBUTION_DIMENSIONS, type WarehouseEngine } from "@tributary/warehouse";
import { answerAttribution } from "../src/attribution.ts";
import { parseQuestion } from "../src/question.ts";
import { DEFAULT_REPORT_SETTINGS } from "../src/settings.ts";
import { T0 } from "./support/blocks.ts";
import { localComputer, temporaryWarehouse } from "./support/parts.ts";
import { loadTraffic } from "./support/traffic.ts";

const HOUR_MS = 3_600_000;
const CHANNELS = ["email", "direct", "paid_search", "organic_search"];

let engine: WarehouseEngine;
let remove: () => Promise<void>;
const computer = localComputer();
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

const ask = async (tenant: string, parameters: Readonly<Record<string, string>>) => {
  const { question } = parseQuestion(parameters, T0 + 1e9);
  return answerAttribution(
    { engine, computer, settings: DEFAULT_REPORT_SETTINGS },
    { tenant, ...question },
  );
};

/** Hours are few, so that events meet in one millisecond, whose IDs then decide. */
const time = fc.integer({ min: 0, max: 900 }).map((hour) => T0 + hour * HOUR_MS);
const user = fc
  .integer({ min: 0, max: 4 })
  .map((n): Partial<TributaryEvent> => (n === 0 ? { anonymousId: "u1" } : { userId: `u${n}` }));
const touch = fc.record({
  type: fc.constantFrom("impression", "click", "visit"),
  channel: fc.constantFrom(...CHANNELS),
  campaign: fc.constantFrom("spring", "sale, 20/20", "=x", ""),
});
const money = fc.constantFrom("0.01", "10", "99.99", "123456789012.123456789012", "1500");
const purchase = fc.record({
  type: fc.constant("conversion"),
  name: fc.constantFrom("purchase", "lead"),
  value: money,
  currency: fc.constantFrom("EUR", "USD"),
  orderId: fc.constantFrom("o1", "o2", "o3"),
});
const refund = fc.record(
  {
    type: fc.constant("refund"),
    orderId: fc.constantFrom("o1", "o2"),
    value: money,
    currency: fc.constantFrom("EUR", "USD"),
  },
  { requiredKeys: ["type", "orderId"] },
);
const events = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 6, arbitrary: touch }, { weight: 3, arbitrary: purchase }, refund),
      time,
      user,
    ),
    { minLength: 20, maxLength: 120 },
  )
  .map((all) =>
    all.map(([fields, at, who], i): TributaryEvent => {
      const { value, currency, campaign, ...rest } = fields as Partial<TributaryEvent> & object;
      return {
        // Not in the order of arrival.
        id: `e${(i * 37) % 1009}`,
        time: at,
        ...who,
        ...rest,
        ...(campaign === undefined || campaign === "" ? {} : { campaign }),
        ...(value === undefined ? {} : { value, currency: currency ?? "EUR" }),
      } as TributaryEvent;
    }),
  );
const batchesOf = (all: readonly TributaryEvent[], size: number) =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );

let tenants = 0;
async function load(all: readonly TributaryEvent[], size = 11): Promise<string> {
  tenants += 1;
  const tenant = `t${tenants}`;
  await loadTraffic(engine, batchesOf(all, size), tenant);
  return tenant;
}

/** Sums of a model's rows must be the totals, to the last digit. */
function expectClosed(report: Awaited<ReturnType<typeof ask>>, models: readonly string[]): void {
  const { conversions, value } = report.totals;
  for (const model of models) {
    const rows = report.rows.filter((row) => row.model === model);
    const counted = rows.reduce((sum, row) => sum + BigInt(Math.round(row.conversions * 1e12)), 0n);
    expect([model, counted]).toEqual([model, BigInt(conversions) * 10n ** 12n]);
    const currencies = [...new Set(rows.map(({ currency }) => currency))];
    for (const currency of currencies) {
      const sum = rows
        .filter((row) => row.currency === currency)
        .reduce((units, row) => units + (parseDecimal(row.value) ?? 0n), 0n);
      const total = value.find((of) => of.currency === currency)?.value ?? "0";
      expect([model, currency, sum]).toEqual([model, currency, parseDecimal(total)]);
    }
  }
}

/** What the workers go by, said: so it is recomputed. */
const AS_CONFIGURED = { clickWindow: "30d", viewWindow: "24h" };

test("with the workers' rules, from facts and from their credits comes the same report, to the last digit", async () => {
  await fc.assert(
    fc.asyncProperty(
      events,
      fc.subarray([...ATTRIBUTION_DIMENSIONS], { minLength: 1, maxLength: 2 }),
      fc.boolean(),
      async (all, by, isCut) => {
        const tenant = await load(all);
        const zone = by.some((of) => ["day", "week", "month"].includes(of));
        const question = {
          model: [...MODEL_NAMES, "markov", "fractribution", "j_shaped"].join(","),
          by: by.join(","),
          ...(zone ? { timeZone: "America/St_Johns" } : {}),
          ...(isCut
            ? {
                from: String(T0 + 200 * HOUR_MS),
                to: String(T0 + 700 * HOUR_MS),
                asOf: String(T0 + 5000),
              }
            : {}),
        };
        const streamed = await ask(tenant, question);
        const recomputed = await ask(tenant, { ...question, ...AS_CONFIGURED });
        expect([streamed.source, recomputed.source]).toEqual(["streamed", "facts"]);
        expect(recomputed.rows).toEqual(streamed.rows);
        expect(recomputed.totals).toEqual(streamed.totals);
        expectClosed(streamed, [...MODEL_NAMES, "markov"]);
      },
    ),
    {
      numRuns: 25,
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: true,
      endOnFailure: true,
    },
  );
});

const rules = fc.record(
  {
    window: fc.constantFrom("0d", "5h", "3d", "30d", "90d"),
    clickWindow: fc.constantFrom("1h", "7d"),
    viewWindow: fc.constantFrom("0ms", "40d"),
    windows: fc.constantFrom("lead:2d", "purchase:400d,lead:0s"),
    viewThrough: fc.constantFrom("true", "false"),
    clickBeatsImpression: fc.constantFrom("true", "false"),
    leaveOut: fc.constantFrom(
      "channel:email",
      "channel:email,campaign:sale\\, 20/20",
      "term:(none)",
    ),
    afterConversion: fc.constantFrom("keep", "reset"),
    halfLife: fc.constantFrom("1ms", "36h", "400d"),
    transform: fc.constantFrom("exposure", "first", "frequency"),
    nonConverting: fc.constantFrom("true", "false"),
    lead: fc.constantFrom("lead", "purchase"),
  },
  { requiredKeys: [] },
);
const custom = JSON.stringify([
  { name: "no_direct", channels: { direct: 0, email: 2 } },
  {
    name: "young",
    types: { impression: 0.3 },
    age: { steps: [{ upToMs: 1e9, weight: 1 }], beyond: 0.1 },
  },
]);

test("under any rules, models and dimensions credits sum to conversions, money to the last digit", async () => {
  await fc.assert(
    fc.asyncProperty(
      events,
      rules,
      fc.subarray([...ATTRIBUTION_DIMENSIONS], { minLength: 1, maxLength: 2 }),
      async (all, asked, by) => {
        const tenant = await load(all, 40);
        const models = [...MODEL_NAMES, "w_shaped", "markov_2", "shapley"];
        const report = await ask(tenant, {
          ...asked,
          model: models.join(","),
          custom,
          by: by.join(","),
        });
        expectClosed(report, [...models, "no_direct", "young"]);
        const own = all.filter(({ type }) => type === "conversion");
        // An event may come twice under one ID in this traffic only where it is the same.
        expect(report.totals.conversions).toBe(own.length);
        expect(new Set(report.rows.map(({ model }) => model)).size).toBe(
          own.length === 0 ? 0 : models.length + 2,
        );
      },
    ),
    {
      numRuns: 25,
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: true,
      endOnFailure: true,
    },
  );
});

describe("one user's conversion, by hand", () => {
  const at = (hours: number) => T0 + hours * HOUR_MS;
  const of = (id: string, type: "impression" | "click" | "visit", hours: number, channel: string) =>
    ({ id, type, time: at(hours), userId: "u", channel }) satisfies TributaryEvent;
  let tenant: string;
  beforeAll(async () => {
    tenant = await load([
      of("a", "click", 0, "email"),
      of("b", "visit", 24, "direct"),
      of("c", "impression", 40, "display"),
      { id: "l", type: "custom", name: "signup", time: at(41), userId: "u" },
      of("d", "click", 44, "email"),
      of("e", "click", 46, "paid_search"),
      {
        id: "p",
        type: "conversion",
        name: "purchase",
        time: at(48),
        userId: "u",
        value: "12",
        currency: "EUR",
      },
      // Not on the path: after the conversion, or another user's.
      of("f", "click", 49, "referral"),
      { id: "g", type: "click", time: at(47), anonymousId: "u", channel: "referral" },
    ]);
  });
  const money = async (parameters: Readonly<Record<string, string>>) => {
    const { rows } = await ask(tenant, parameters);
    return Object.fromEntries(rows.map((row) => [row.channel, row.value]));
  };

  test.each([
    [{ window: "48h" }, { email: "4.8", direct: "2.4", display: "2.4", paid_search: "2.4" }],
    [{ window: "47h" }, { direct: "3", display: "3", email: "3", paid_search: "3" }],
    [{ clickWindow: "3h" }, { display: "6", paid_search: "6" }],
    [{ viewWindow: "1h" }, { email: "6", direct: "3", paid_search: "3" }],
    [{ windows: "purchase:5h,lead:1h" }, { email: "6", paid_search: "6" }],
    [{ windows: "lead:1h", window: "2h" }, { paid_search: "12" }],
    [{ viewThrough: "false" }, { email: "6", direct: "3", paid_search: "3" }],
    [{ clickBeatsImpression: "true" }, { email: "6", direct: "3", paid_search: "3" }],
    [{ clickBeatsImpression: "true", window: "1h", viewWindow: "9h" }, { display: "12" }],
    [{ leaveOut: "channel:email" }, { direct: "4", display: "4", paid_search: "4" }],
    [
      { leaveOut: "channel:email,channel:paid_search,channel:direct,channel:display" },
      { unattributed: "12" },
    ],
    [{ window: "0ms" }, { unattributed: "12" }],
    [{ transform: "first" }, { email: "3", direct: "3", display: "3", paid_search: "3" }],
  ])("linear with %j", async (parameters, expected) => {
    expect(await money({ model: "linear", ...parameters })).toEqual(expected);
  });

  test("a conversion uses up its touchpoints where the journey starts anew after it, also one before the time asked for", async () => {
    const twice = await load([
      of("a", "click", 1, "email"),
      { id: "p", type: "conversion", name: "lead", time: at(2), userId: "u" },
      of("b", "click", 2, "direct"),
      of("c", "click", 3, "referral"),
      { id: "q", type: "conversion", name: "purchase", time: at(4), userId: "u" },
      { id: "r", type: "conversion", name: "purchase", time: at(5), userId: "u" },
    ]);
    const counts = async (parameters: Readonly<Record<string, string>>) => {
      const { rows } = await ask(twice, {
        model: "linear",
        afterConversion: "reset",
        ...parameters,
      });
      return Object.fromEntries(rows.map((row) => [row.channel, row.conversions]));
    };
    // A touchpoint of the same time is the conversion's.
    expect(await counts({})).toEqual({ email: 0.5, direct: 0.5, referral: 1, unattributed: 1 });
    expect(await counts({ from: String(at(3)), to: String(at(5)) })).toEqual({ referral: 1 });
    expect(await counts({ afterConversion: "keep", to: String(at(3)) })).toEqual({
      email: 0.5,
      direct: 0.5,
    });
  });

  test("w_shaped: the lead is the display impression's, and without one the ends earn", async () => {
    expect(await money({ model: "w_shaped", lead: "signup" })).toEqual({
      email: "4.2",
      display: "3.6",
      paid_search: "3.6",
      direct: "0.6",
    });
    const without = await ask(tenant, { model: "w_shaped" });
    // 12 · (0.3 + 0.1/3) / 0.7
    expect(without.rows[0]).toMatchObject({ channel: "email", value: "5.714285714285" });
  });

  test("time_decay with another half-life, and a model of one's own", async () => {
    const decay = await money({ model: "time_decay", halfLife: "2h", leaveOut: "channel:direct" });
    const weights = { email: 2 ** -24 + 2 ** -2, display: 2 ** -4, paid_search: 2 ** -1 };
    const sum = weights.email + weights.display + weights.paid_search;
    for (const [channel, weight] of Object.entries(weights)) {
      expect(Number(decay[channel])).toBeCloseTo((12 * weight) / sum, 10);
    }
    const ours = JSON.stringify({ name: "ours", channels: { direct: 0, email: 0.5 } });
    expect(await money({ custom: ours })).toEqual({ email: "4", display: "4", paid_search: "4" });
  });

  test("beside the report as it is: what each group gains or loses, and those that vanish", async () => {
    const report = await ask(tenant, {
      model: "linear",
      leaveOut: "channel:email",
      against: "true",
    });
    expect(report.rules).toMatchObject({ leaveOut: ["channel:email"], leftOutTouchpoints: 2 });
    expect(report.totalsBefore).toEqual(report.totals);
    const row = { model: "linear", currency: "EUR" };
    expect(report.rows).toMatchObject([
      { channel: "email", value: "0", valueBefore: "4.8", valueChange: "-4.8" },
      { channel: "direct", value: "4", valueBefore: "2.4", valueChange: "1.6" },
      { channel: "display", value: "4", valueBefore: "2.4", valueChange: "1.6" },
      { channel: "paid_search", value: "4", valueBefore: "2.4", valueChange: "1.6" },
    ]);
    expect(report.rows[0]).toMatchObject({
      ...row,
      conversionsBefore: 0.4,
      conversionsChange: -0.4,
    });
  });

  test("models over paths see what the rules leave, also of journeys that did not convert", async () => {
    const { rows } = await ask(tenant, {
      model: PATH_MODEL_NAMES.filter((name) => name !== "shapley_rate").join(","),
      leaveOut: "channel:email,channel:direct,channel:display",
    });
    for (const row of rows) expect(row).toMatchObject({ channel: "paid_search", value: "12" });
    expect(rows).toHaveLength(PATH_MODEL_NAMES.length - 1);
  });
});
