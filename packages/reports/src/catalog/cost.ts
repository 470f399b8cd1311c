import type { ModelName, Names } from "@tributary/attribution";
import {
  DIMENSION_FIELDS,
  formatDecimal,
  MONEY_UNIT,
  type DimensionField,
} from "@tributary/protocol";
import {
  campaignCounts,
  creditGroups,
  readRates,
  readSpend,
  rowDimensions,
  touchDimensionsOf,
  type AttributionDimension,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { z } from "zod";
import { refusal } from "../question/parameters.ts";
import { currencyCode, daysOf, dimensions, streamedModel } from "../question/report-parameters.ts";
import { COST_MATCHES, costSchema, type CostMatch, type CostReport } from "./cost-answer.ts";
import { compare, Converter, ratio, rounded } from "./money.ts";
import { report } from "./report.ts";

const DAY_MS = 86_400_000;
/** Spend is of days: there is none of an hour. */
const SPANS = ["day", "week", "month"] as const;
type CostSpan = (typeof SPANS)[number];
type CostDimension = DimensionField | CostSpan;

interface CostQuestion {
  readonly tenant: string;
  readonly model: ModelName;
  /** At most one span among them. */
  readonly by: readonly CostDimension[];
  readonly timeZone: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly asOf?: number | undefined;
  /** Converts all money to this, by the rate of its day; undefined leaves each currency as it is. */
  readonly currency?: string | undefined;
  /** The tenant's, where it has its own. */
  readonly names: Names | undefined;
}

export const cost = report({
  summary: "Spend and credits of each group: ROAS, cost per conversion and arrival",
  parameters: z.strictObject({
    model: streamedModel,
    by: dimensions<CostDimension>([...DIMENSION_FIELDS, ...SPANS], "channel"),
    currency: currencyCode,
  }),
  answer: costSchema,
  async run({ engine, tenant }, asked) {
    if (asked.by.filter(isSpan).length > 1) {
      const reason = "expected one span at most";
      throw refusal("dimension_too_many", "by", reason, asked.by.join(","), SPANS);
    }
    return costReport(engine, { tenant, ...asked });
  },
});

/** Money is summed in units of 10^-24: a product of an amount and a rate needs no rounding. */
interface Group {
  readonly dims: Partial<Record<AttributionDimension, string>>;
  /** Distinguishes the dimensions, of whatever currency. */
  readonly order: string;
  readonly isUnattributed: boolean;
  /** Of its span; "" without spans. */
  readonly begin: string;
  readonly currency: string;
  /** Undefined where none was imported, which is not 0. */
  spend: bigint | undefined;
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
  const { tenant, model, by, timeZone, from, to, asOf, currency, names } = question;
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const rates = currency === undefined ? [] : await readRates(engine, tenant, currency);
  const converter = new Converter(currency, rates);
  const groups = new Map<string, Group>();
  const fields = touchDimensionsOf(by);
  const span = by.find(isSpan);
  const groupOf = (touch: readonly string[] | undefined, begin: string, code: string): Group => {
    const dims = rowDimensions(by, touch, begin === "" ? [] : [begin]);
    // By a span alone all conversions are one row.
    const isUnattributed = touch === undefined && fields.length > 0;
    const order = orderOf(dims, isUnattributed);
    const key = `${order}${code}`;
    const amounts = { spend: undefined, value: 0n, conversions: 0n };
    const group = groups.get(key) ?? {
      dims,
      order,
      isUnattributed,
      begin,
      currency: code,
      ...amounts,
    };
    groups.set(key, group);
    return group;
  };
  for (const row of await readSpend(engine, { tenant, ...daysOf(range, timeZone) })) {
    const touch = fields.map((field) => names?.of(field, row[field]) ?? row[field]);
    const group = groupOf(touch, beginOf(row.day, span), currency ?? row.currency);
    group.spend = (group.spend ?? 0n) + converter.convert(row.amount, row.currency, row.day);
  }
  const credits = await creditGroups(engine, {
    tenant,
    models: [model],
    by: [...fields, "day"],
    timeZone,
    names,
    ...range,
    ...(asOf === undefined ? {} : { asOf }),
  });
  for (const credit of credits) {
    const [day = ""] = credit.conversion;
    const group = groupOf(credit.touch, beginOf(day, span), currency ?? credit.currency);
    group.conversions += credit.conversions;
    group.value += converter.convert(credit.value, credit.currency, day);
  }
  converter.requireAll();
  return reportOf([...groups.values()], await touchesBy(engine, question));
}

function isSpan(dimension: string): dimension is CostSpan {
  return SPANS.some((span) => span === dimension);
}

/** The begin of a day's span, as reports write it: the Monday of its week; "" without spans. @param day `2026-10-01` */
function beginOf(day: string, span: CostSpan | undefined): string {
  if (span === "month") return day.slice(0, 7);
  if (span !== "week") return span === "day" ? day : "";
  const ms = Date.parse(day);
  const sinceMonday = (new Date(ms).getUTCDay() + 6) % 7;
  return new Date(ms - sinceMonday * DAY_MS).toISOString().slice(0, 10);
}

function orderOf(dims: Group["dims"], isUnattributed: boolean): string {
  return JSON.stringify([dims, isUnattributed]);
}

async function touchesBy(
  engine: WarehouseEngine,
  question: CostQuestion,
): Promise<ReadonlyMap<string, Touches>> {
  const { by, ...rest } = question;
  const fields = touchDimensionsOf(by);
  const interval = by.find(isSpan);
  const { rows } = await campaignCounts(engine, { ...rest, by: fields, interval });
  return new Map(
    rows.map((row) => {
      const dims = rowDimensions(
        by,
        fields.map((field) => row[field] ?? ""),
        row.time === undefined ? [] : [row.time],
      );
      const { impressions, clicks, visits } = row;
      return [orderOf(dims, false), { impressions, arrivals: clicks + visits }];
    }),
  );
}

function reportOf(groups: readonly Group[], touches: ReadonlyMap<string, Touches>): CostReport {
  const sorted = groups.toSorted(
    (a, b) =>
      compare(a.begin, b.begin) ||
      compare(b.spend ?? 0n, a.spend ?? 0n) ||
      compare(b.value, a.value) ||
      compare(b.conversions, a.conversions) ||
      compare(a.order, b.order) ||
      compare(a.currency, b.currency),
  );
  const sides = {
    spent: new Set(sorted.filter(({ spend }) => spend !== undefined).map(({ order }) => order)),
    earned: new Set(sorted.filter((group) => group.conversions > 0n).map(({ order }) => order)),
  };
  const totals: CostReport["totals"][number][] = [];
  const rows: CostReport["rows"][number][] = [];
  const byCurrency = Map.groupBy(sorted, (group) => group.currency);
  for (const [currency, of] of [...byCurrency].toSorted(([a], [b]) => compare(a, b))) {
    const spends = rounded(of.map(({ spend }) => spend ?? 0n));
    const values = rounded(of.map(({ value }) => value));
    const lines = of.map((group, i): Line => {
      const touched = touches.get(group.order) ?? NO_TOUCHES;
      return {
        group,
        spend: spends[i] ?? 0n,
        value: values[i] ?? 0n,
        touched,
        match: matchOf(group, touched, sides),
      };
    });
    for (const line of lines) rows.push(rowOf(line));
    totals.push(totalsOf(currency, lines));
  }
  return { rows, totals };
}

/** A group with its figures rounded, money in units of 10^-12. */
interface Line {
  readonly group: Group;
  readonly spend: bigint;
  readonly value: bigint;
  readonly touched: Touches;
  readonly match: CostMatch;
}

function rowOf({ group, spend, value, touched, match }: Line): CostReport["rows"][number] {
  const { dims, currency, conversions } = group;
  const isSpent = group.spend !== undefined;
  // Of names that no touchpoint has, or whose conversions are in another currency, nobody knows what they earned.
  const isEarned = match === "spend_and_conversions" || match === "spend_without_conversion";
  return {
    ...dims,
    currency,
    spend: isSpent ? formatDecimal(spend) : null,
    value: formatDecimal(value),
    conversions: formatDecimal(conversions),
    ...touched,
    roas: isEarned ? ratio(value, spend) : null,
    cpa: isSpent ? ratio(spend, conversions) : null,
    cpc: isSpent ? ratio(spend, BigInt(touched.arrivals) * MONEY_UNIT) : null,
    match,
  };
}

function totalsOf(currency: string, lines: readonly Line[]): CostReport["totals"][number] {
  const sum = (of: (line: Line) => bigint, ...matches: readonly CostMatch[]): bigint =>
    lines
      .filter(({ match }) => matches.length === 0 || matches.includes(match))
      .reduce((total, line) => total + of(line), 0n);
  const spend = (line: Line): bigint => line.spend;
  const value = (line: Line): bigint => line.value;
  const conversions = ({ group }: Line): bigint => group.conversions;
  const unspent = COST_MATCHES.slice(COST_MATCHES.indexOf("conversions_without_spend"));
  const met = ["spend_and_conversions", "spend_without_conversion"] as const;
  const isSpent = lines.some(({ group }) => group.spend !== undefined);
  const isEarned = sum(conversions) > 0n;
  return {
    currency,
    spend: isSpent ? formatDecimal(sum(spend)) : null,
    value: formatDecimal(sum(value)),
    conversions: formatDecimal(sum(conversions)),
    spendWithoutTouchpoint: formatDecimal(sum(spend, "spend_without_touchpoint")),
    spendWithoutConversion: formatDecimal(
      sum(spend, "spend_without_conversion", "conversions_in_other_currency"),
    ),
    valueWithoutSpend: formatDecimal(sum(value, ...unspent)),
    conversionsWithoutSpend: formatDecimal(sum(conversions, ...unspent)),
    roas: ratio(sum(value, ...met), sum(spend, ...met)),
    cpa: ratio(sum(spend, ...met), sum(conversions, ...met)),
    blendedRoas: isEarned ? ratio(sum(value), sum(spend)) : null,
    blendedCpa: isSpent ? ratio(sum(spend), sum(conversions)) : null,
  };
}

/** @param sides groups that have spend, and conversions, in any currency */
function matchOf(
  { spend, conversions, order, isUnattributed }: Group,
  touches: Touches,
  sides: { readonly spent: ReadonlySet<string>; readonly earned: ReadonlySet<string> },
): CostMatch {
  if (isUnattributed) return "conversions_without_touchpoint";
  if (spend === undefined) {
    return sides.spent.has(order) ? "spend_in_other_currency" : "conversions_without_spend";
  }
  if (conversions !== 0n) return "spend_and_conversions";
  if (sides.earned.has(order)) return "conversions_in_other_currency";
  return touches.impressions + touches.arrivals === 0
    ? "spend_without_touchpoint"
    : "spend_without_conversion";
}
