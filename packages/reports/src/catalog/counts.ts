import {
  campaignCounts,
  COUNT_DIMENSIONS,
  COUNT_INTERVALS,
  MAX_REPORT_ROWS,
  type CountInterval,
  type EventCounts,
} from "@tributary/warehouse";
import { z } from "zod";
import { count, rate } from "../answers/fields.ts";
import { refusal, text } from "../question/parameters.ts";
import { dimensions } from "../question/report-parameters.ts";
import { report } from "./report.ts";

const INTERVAL_MS: Readonly<Record<CountInterval, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 28 * 86_400_000,
};
const eventCounts = {
  impressions: count,
  clicks: count,
  visits: count,
  custom: count,
  conversions: count,
  reach: count.describe("different users"),
  clickThroughRate: rate,
  conversionRate: rate,
};

export const counts = report({
  summary: "Impressions, clicks, visits, custom events, conversions, reach and rates",
  parameters: z.strictObject({
    by: dimensions(COUNT_DIMENSIONS, "channel"),
    interval: text(z.enum(COUNT_INTERVALS).optional()).describe("count in spans of time as well"),
  }),
  answer: z.object({
    rows: z.array(z.object({ time: z.string().optional(), ...eventCounts }).catchall(z.string())),
    totals: z.object(eventCounts),
  }),
  async run({ engine, tenant }, asked) {
    refuseTooManySpans(asked.interval, asked.from, asked.to);
    const { rows, totals } = await campaignCounts(engine, { tenant, ...asked });
    return {
      rows: rows.map((row) => ({ ...row, ...ratesOf(row) })),
      totals: { ...totals, ...ratesOf(totals) },
    };
  },
});

/** Null where there is nothing to divide by. */
function ratesOf({ impressions, clicks, visits, conversions }: EventCounts): {
  clickThroughRate: number | null;
  conversionRate: number | null;
} {
  const arrivals = clicks + visits;
  return {
    clickThroughRate: impressions === 0 ? null : clicks / impressions,
    conversionRate: arrivals === 0 ? null : conversions / arrivals,
  };
}

/** Refuses before counting: ten years by minute would be five million rows. */
function refuseTooManySpans(
  interval: CountInterval | undefined,
  from: number | undefined,
  to: number | undefined,
): void {
  if (interval === undefined || from === undefined || to === undefined) return;
  const spans = Math.ceil((to - from) / INTERVAL_MS[interval]);
  if (spans <= MAX_REPORT_ROWS) return;
  const longer = COUNT_INTERVALS.filter(
    (other) => (to - from) / INTERVAL_MS[other] <= MAX_REPORT_ROWS,
  );
  const reason = `expected at most ${MAX_REPORT_ROWS} spans between from and to, these are ${spans}`;
  throw refusal("interval_too_short", "interval", reason, interval, longer);
}
