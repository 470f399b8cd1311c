import type { ModelName } from "@tributary/attribution";
import { formatDecimal, MONEY_UNIT, type DimensionField } from "@tributary/protocol";
import {
  campaignCounts,
  creditGroups,
  readRates,
  readSpend,
  rowDimensions,
  type RateRow,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { z } from "zod";
import { count, currency, decimalText, rate } from "../answers/fields.ts";
import { ReportsError } from "../errors.ts";
import { currencyCode, daysOf, streamedModel } from "../question/report-parameters.ts";
import { byTouch, report, type AnswerOf } from "./report.ts";

interface CostQuestion {
  readonly tenant: string;
  readonly model: ModelName;
  readonly by: readonly DimensionField[];
  readonly timeZone: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly asOf?: number | undefined;
  /** Converts all money to this, by the rate of its day; undefined leaves each currency as it is. */
  readonly currency?: string | undefined;
}

/** Which of spend, conversions and touchpoints a group has. */
const COST_MATCHES = [
  "spend_and_conversions",
  "spend_without_conversion",
  "spend_without_touchpoint",
  "conversions_without_spend",
] as const;
const spendAndValue = {
  currency,
  spend: decimalText,
  value: decimalText,
  conversions: decimalText,
};
const returns = {
  roas: rate.describe("value for each unit spent"),
  cpa: rate.describe("spend for each conversion"),
};

/** Rows by spend, largest first. */
const costSchema = z.object({
  rows: z.array(
    z
      .object({
        ...spendAndValue,
        impressions: count,
        arrivals: count.describe("clicks and visits, in whatever currency"),
        ...returns,
        cpc: rate.describe("spend for each arrival"),
        match: z.enum(COST_MATCHES),
      })
      .catchall(z.string()),
  ),
  totals: z.array(
    z.object({
      ...spendAndValue,
      spendWithoutTouchpoint: decimalText,
      valueWithoutSpend: decimalText,
      ...returns,
    }),
  ),
});

type CostReport = AnswerOf<typeof costSchema>;
type CostMatch = (typeof COST_MATCHES)[number];

export const cost = report({
  summary: "Spend and credits of each group: ROAS, cost per conversion and arrival",
  parameters: z.strictObject({
    model: streamedModel,
    by: byTouch,
    currency: currencyCode,
  }),
  answer: costSchema,
  run: async ({ engine, tenant }, asked) => costReport(engine, { tenant, ...asked }),
});

/** Money is summed in units of 10^-24: a product of an amount and a rate needs no rounding. */
interface Group {
  readonly dims: Partial<Record<DimensionField, string>>;
  readonly order: string;
  readonly currency: string;
  spend: bigint;
  value: bigint;
  /** In units of 10^-12. */
  conversions: bigint;
}

interface Touches {
  readonly impressions: number;
  readonly arrivals: number;
}
const NO_TOUCHES: Touches = Object.freeze({ impressions: 0, arrivals: 0 });

/**
 * Spend and credits of each group under a model. Spend without a touchpoint of its names, and conversions without spend, have
 * rows of their own: nothing is lost.
 * @throws ReportsError `rate_missing`, WarehouseError
 */
async function costReport(engine: WarehouseEngine, question: CostQuestion): Promise<CostReport> {
  const { tenant, model, by, timeZone, from, to, asOf, currency } = question;
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const rates = currency === undefined ? [] : await readRates(engine, tenant, currency);
  const convert = converter(currency, rates);
  const groups = new Map<string, Group>();
  const groupOf = (dims: Group["dims"], code: string): Group => {
    const order = JSON.stringify(dims);
    const key = `${order}${code}`;
    const group = groups.get(key) ?? {
      dims,
      order,
      currency: code,
      spend: 0n,
      value: 0n,
      conversions: 0n,
    };
    groups.set(key, group);
    return group;
  };
  for (const row of await readSpend(engine, { tenant, ...daysOf(range, timeZone) })) {
    const dims = rowDimensions(
      by,
      by.map((field) => row[field]),
      [],
    );
    groupOf(dims, currency ?? row.currency).spend += convert(row.amount, row.currency, row.day);
  }
  const credits = await creditGroups(engine, {
    tenant,
    models: [model],
    by: [...by, "day"],
    timeZone,
    ...range,
    ...(asOf === undefined ? {} : { asOf }),
  });
  for (const credit of credits) {
    const group = groupOf(rowDimensions(by, credit.touch, []), currency ?? credit.currency);
    group.conversions += credit.conversions;
    group.value += convert(credit.value, credit.currency, credit.conversion[0] ?? "");
  }
  return reportOf([...groups.values()], await touchesBy(engine, question));
}

/** @returns a function from an amount (units of 10^-12) to the target currency (units of 10^-24) */
function converter(
  target: string | undefined,
  rates: readonly RateRow[],
): (amount: bigint, currency: string, day: string) => bigint {
  const byCurrency = Map.groupBy(rates, (rate) => rate.currency);
  return (amount, currency, day) => {
    if (target === undefined || currency === target) return amount * MONEY_UNIT;
    if (amount === 0n) return 0n;
    const rate = byCurrency.get(currency)?.findLast((one) => one.day <= day);
    if (rate === undefined) {
      throw new ReportsError(
        "rate_missing",
        `there is no rate of ${currency} in ${target} for ${day} or before: give one to /v1/rates, or ask without currency`,
        { field: "currency", given: target },
      );
    }
    return amount * rate.rate;
  };
}

async function touchesBy(
  engine: WarehouseEngine,
  { tenant, by, timeZone, from, to, asOf }: CostQuestion,
): Promise<ReadonlyMap<string, Touches>> {
  const { rows } = await campaignCounts(engine, { tenant, by, timeZone, from, to, asOf });
  return new Map(
    rows.map((row) => {
      const dims = rowDimensions(
        by,
        by.map((field) => row[field] ?? ""),
        [],
      );
      const { impressions, clicks, visits } = row;
      return [JSON.stringify(dims), { impressions, arrivals: clicks + visits }];
    }),
  );
}

function reportOf(groups: readonly Group[], touches: ReadonlyMap<string, Touches>): CostReport {
  const sorted = groups.toSorted(
    (a, b) =>
      compare(b.spend, a.spend) ||
      compare(b.value, a.value) ||
      compare(b.conversions, a.conversions) ||
      compare(a.order, b.order) ||
      compare(a.currency, b.currency),
  );
  const totals: CostReport["totals"][number][] = [];
  const rows: CostReport["rows"][number][] = [];
  const byCurrency = Map.groupBy(sorted, (group) => group.currency);
  for (const [currency, of] of [...byCurrency].toSorted(([a], [b]) => compare(a, b))) {
    const spends = rounded(of.map(({ spend }) => spend));
    const values = rounded(of.map(({ value }) => value));
    const sum = { spend: 0n, value: 0n, conversions: 0n, unseen: 0n, free: 0n };
    for (const [i, { dims, order, conversions }] of of.entries()) {
      const spend = spends[i] ?? 0n;
      const value = values[i] ?? 0n;
      const touched = touches.get(order) ?? NO_TOUCHES;
      const match = matchOf(spend, conversions, touched);
      sum.spend += spend;
      sum.value += value;
      sum.conversions += conversions;
      if (match === "spend_without_touchpoint") sum.unseen += spend;
      if (match === "conversions_without_spend") sum.free += value;
      rows.push({
        ...dims,
        currency,
        spend: formatDecimal(spend),
        value: formatDecimal(value),
        conversions: formatDecimal(conversions),
        ...touched,
        roas: ratio(value, spend),
        cpa: ratio(spend, conversions),
        cpc: ratio(spend, BigInt(touched.arrivals) * MONEY_UNIT),
        match,
      });
    }
    totals.push({
      currency,
      spend: formatDecimal(sum.spend),
      value: formatDecimal(sum.value),
      conversions: formatDecimal(sum.conversions),
      spendWithoutTouchpoint: formatDecimal(sum.unseen),
      valueWithoutSpend: formatDecimal(sum.free),
      roas: ratio(sum.value, sum.spend),
      cpa: ratio(sum.spend, sum.conversions),
    });
  }
  return { rows, totals };
}

function matchOf(spend: bigint, conversions: bigint, touches: Touches): CostMatch {
  if (spend === 0n) return "conversions_without_spend";
  if (conversions !== 0n) return "spend_and_conversions";
  return touches.impressions + touches.arrivals === 0
    ? "spend_without_touchpoint"
    : "spend_without_conversion";
}

/**
 * Rounds units of 10^-24 to units of 10^-12 whose sum is the rounded sum (largest remainder method), so that a column adds
 * up.
 */
function rounded(amounts: readonly bigint[]): bigint[] {
  const exact = amounts.reduce((sum, amount) => sum + amount, 0n);
  const cut = amounts.map((amount) => amount / MONEY_UNIT);
  let left = (exact + MONEY_UNIT / 2n) / MONEY_UNIT - cut.reduce((sum, amount) => sum + amount, 0n);
  const byRemainder = amounts
    .map((amount, i) => ({ i, remainder: amount % MONEY_UNIT }))
    .toSorted((a, b) => compare(b.remainder, a.remainder));
  for (const { i } of byRemainder) {
    if (left <= 0n) break;
    cut[i] = (cut[i] ?? 0n) + 1n;
    left -= 1n;
  }
  return cut;
}

/** To six digits after the point: a figure to compare, not money. */
function ratio(of: bigint, by: bigint): number | null {
  return by === 0n ? null : Number((of * 1_000_000n) / by) / 1_000_000;
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
