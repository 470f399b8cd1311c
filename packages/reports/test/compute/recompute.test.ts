import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { origin, sessionTime } from "../../../../test/support/origins.ts";
import { runs } from "../../../../test/support/property-runs.ts";
import { MODEL_NAMES } from "@tributary/attribution";
import { parseDecimal, type TributaryEvent } from "@tributary/protocol";
import { ATTRIBUTION_DIMENSIONS } from "@tributary/warehouse";
import type { Attribution } from "../../src/attribution/attribution.ts";
import { T0 } from "../support/blocks.ts";
import { countedConversions, openTestReports, type TestReports } from "../support/traffic.ts";

const HOUR_MS = 3_600_000;
const CHANNELS = ["email", "direct", "paid_search", "organic_search"];

let reports: TestReports;
beforeAll(async () => {
  reports = await openTestReports();
});
afterAll(() => reports.remove());

/** Hours are few, so that events meet in one millisecond, whose IDs then decide. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 900 }).map((hour) => T0 + hour * HOUR_MS),
  sessionTime(T0 + 700 * HOUR_MS),
);
const user = fc
  .integer({ min: 0, max: 4 })
  .map((n): Partial<TributaryEvent> => (n === 0 ? { anonymousId: "u1" } : { userId: `u${n}` }));
const touch = fc
  .tuple(
    fc.record({
      type: fc.constantFrom("impression", "click", "visit"),
      channel: fc.constantFrom(...CHANNELS),
      campaign: fc.constantFrom("spring", "sale, 20/20", "=x", ""),
    }),
    origin,
  )
  .map(([fields, { source, referrer, url, campaign }]) => ({
    ...fields,
    ...(campaign === undefined ? {} : { campaign }),
    ...(source === undefined ? {} : { source }),
    ...(referrer === undefined ? {} : { referrer }),
    ...(url === undefined ? {} : { url }),
  }));
const money = fc.constantFrom("0.01", "10", "99.99", "123456789012.123456789012", "1500");
const purchase = fc.record({
  type: fc.constant("conversion"),
  name: fc.constantFrom("purchase", "lead"),
  value: money,
  currency: fc.constantFrom("EUR", "USD"),
  orderId: fc.constantFrom("o1", "o2", "o3"),
  campaign: fc.constantFrom("spring", ""),
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

const load = async (all: readonly TributaryEvent[], size = 11) =>
  reports.load(batchesOf(all, size));

/** Sums of a model's rows must be the totals, to the last digit. */
function expectClosed(report: Attribution, models: readonly string[]): void {
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
        const zone = by.some((of) => ["hour", "day", "week", "month"].includes(of));
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
        const streamed = await reports.ask(tenant, question);
        const recomputed = await reports.ask(tenant, { ...question, ...AS_CONFIGURED });
        expect([streamed.source, recomputed.source]).toEqual(["streamed", "facts"]);
        expect(recomputed.rows).toEqual(streamed.rows);
        expect(recomputed.totals).toEqual(streamed.totals);
        expectClosed(streamed, [...MODEL_NAMES, "markov"]);
      },
    ),
    {
      numRuns: runs(12),
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
    conversionTouch: fc.constantFrom("true", "false"),
    nonConverting: fc.constantFrom("users", "tails", "none"),
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
        const report = await reports.ask(tenant, {
          ...asked,
          model: models.join(","),
          custom,
          by: by.join(","),
        });
        expectClosed(report, [...models, "no_direct", "young"]);
        const counted = countedConversions(all);
        // An event may come twice under one ID in this traffic only where it is the same.
        expect(report.totals.conversions).toBe(counted);
        expect(new Set(report.rows.map(({ model }) => model)).size).toBe(
          counted === 0 ? 0 : models.length + 2,
        );
      },
    ),
    {
      numRuns: runs(12),
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: true,
      endOnFailure: true,
    },
  );
});
