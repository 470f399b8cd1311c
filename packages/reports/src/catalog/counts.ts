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
  visitors: count.describe("different users with a click or visit"),
  converted: count.describe(
    "visitors with a conversion in the report's time that is not before their first click or visit of the group",
  ),
  clickThroughRate: rate.describe(
    "clicks per impression; null without impressions, and where there are more clicks than were shown",
  ),
  conversionRate: rate.describe("share of the visitors who converted; null without visitors"),
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
      rows: rows.map((row) => ({ ...row, clickThroughRate: clicksPerShown(row), ...rateOf(row) })),
      totals: {
        ...totals,
        clickThroughRate: clicksPerShown(
          rows.filter((row) => clicksPerShown(row) !== null).reduce(addShown, NOTHING_SHOWN),
        ),
        ...rateOf(totals),
      },
    };
  },
});

type Shown = Pick<EventCounts, "impressions" | "clicks">;
const NOTHING_SHOWN: Shown = { impressions: 0, clicks: 0 };

/** Null where impressions were not recorded, or not all: more clicks than impressions are no rate. */
function clicksPerShown({ impressions, clicks }: Shown): number | null {
  return impressions === 0 || clicks > impressions ? null : clicks / impressions;
}

/** In all only groups with a rate count: clicks of the others belong to no impression. */
function addShown(sum: Shown, { impressions, clicks }: Shown): Shown {
  return { impressions: sum.impressions + impressions, clicks: sum.clicks + clicks };
}

function rateOf({ visitors, converted }: EventCounts): { conversionRate: number | null } {
  return { conversionRate: visitors === 0 ? null : converted / visitors };
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
