/** Reports beside attribution: what happened, which paths were taken, who assisted, how long it took. */
import type { ReportSettings } from "../question/settings.ts";
import { DIMENSION_FIELDS } from "@tributary/protocol";
import {
  assistedConversions,
  campaignCounts,
  COUNT_DIMENSIONS,
  COUNT_INTERVALS,
  MAX_REPORT_ROWS,
  timeToConvert,
  type CountInterval,
  type EventCounts,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { z } from "zod";
import {
  assistsSchema,
  changesSchema,
  costSchema,
  countsSchema,
  pathsSchema,
  timeToConvertSchema,
} from "../answer-schemas.ts";
import { changesBetween } from "./changes.ts";
import { costReport } from "./cost.ts";
import { flag, refusal, text, wholeBetween } from "../question/parameters.ts";
import {
  asOf,
  currencyCode,
  dimensions,
  format,
  instant,
  refuseFuture,
  streamedModel,
  timeRange,
  timesOf,
  timeZone,
} from "../question/report-parameters.ts";
import { SHOWN_TRANSFORMS, topPaths } from "./top-paths.ts";

/** An answer's rows, of which every report of these has some. */
export interface RowsAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** What a report is computed from. */
export interface ReportContext {
  readonly engine: WarehouseEngine;
  readonly tenant: string;
  readonly settings: ReportSettings;
  /** The clock, ms since 1970. */
  readonly now: number;
}

/** One report: what it may be asked, and how it is answered. */
export interface JourneyReport<Asked extends z.ZodObject = z.ZodObject> {
  readonly summary: string;
  readonly parameters: Asked;
  readonly answer: z.ZodType;
  /** @throws ReportsError of status 400, WarehouseError */
  run(context: ReportContext, asked: z.output<Asked>): Promise<RowsAnswer>;
}

const INTERVAL_MS: Readonly<Record<CountInterval, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 28 * 86_400_000,
};

const byTouch = dimensions(DIMENSION_FIELDS, "channel");
const COUNT_PARAMETERS = z.strictObject({
  by: dimensions(COUNT_DIMENSIONS, "channel"),
  interval: text(z.enum(COUNT_INTERVALS).optional()).describe("count in spans of time as well"),
  timeZone,
  ...timeRange,
  asOf,
  format,
});
const PATHS_PARAMETERS = z.strictObject({
  by: byTouch,
  transform: text(z.enum(SHOWN_TRANSFORMS).default("unique")).describe("how paths are simplified"),
  nonConverting: flag(true).describe("whether journeys that did not convert are counted"),
  limit: wholeBetween(1, 10_000, 50).describe("most paths; the rest is summed"),
  ...timeRange,
  asOf,
  format,
});
const ASSISTS_PARAMETERS = z.strictObject({ by: byTouch, ...timeRange, asOf, format });
const COST_PARAMETERS = z.strictObject({
  model: streamedModel,
  by: byTouch,
  currency: currencyCode,
  timeZone,
  ...timeRange,
  asOf,
  format,
});
const CHANGES_PARAMETERS = z.strictObject({
  model: streamedModel,
  by: byTouch,
  since: instant("what was known then is compared with what is known now, or at asOf; needed"),
  ...timeRange,
  asOf,
  format,
});
const TIME_PARAMETERS = z.strictObject({ ...timeRange, asOf, format });

const counts: JourneyReport<typeof COUNT_PARAMETERS> = {
  summary: "Impressions, clicks, visits, custom events, conversions, reach and rates",
  parameters: COUNT_PARAMETERS,
  answer: countsSchema,
  async run({ engine, tenant, now, settings }, asked) {
    const { by, interval } = asked;
    const times = timesOf(asked, now);
    refuseTooManySpans(interval, times.from, times.to);
    const question = {
      tenant,
      by,
      interval,
      timeZone: asked.timeZone ?? settings.timeZone,
      ...times,
    };
    const { rows, totals } = await campaignCounts(engine, question);
    return {
      rows: rows.map((row) => ({ ...row, ...ratesOf(row) })),
      totals: { ...totals, ...ratesOf(totals) },
    } as RowsAnswer;
  },
};

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

/** Ten years by minute are five million rows: refused before they are counted. */
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

const paths: JourneyReport<typeof PATHS_PARAMETERS> = {
  summary: "The paths that most conversions took, and what the rest comes to",
  parameters: PATHS_PARAMETERS,
  answer: pathsSchema,
  async run({ engine, tenant, now }, asked) {
    const { by, transform, nonConverting, limit } = asked;
    const question = { tenant, by, transform, nonConverting, limit, ...timesOf(asked, now) };
    return (await topPaths(engine, question)) as unknown as RowsAnswer;
  },
};

const assists: JourneyReport<typeof ASSISTS_PARAMETERS> = {
  summary: "In how many conversions a group was first, last, or on the way",
  parameters: ASSISTS_PARAMETERS,
  answer: assistsSchema,
  async run({ engine, tenant, now }, asked) {
    const question = { tenant, by: asked.by, ...timesOf(asked, now) };
    const { rows, totals } = await assistedConversions(engine, question);
    return {
      rows: rows.map((row) => ({
        ...row,
        assistedPerLast: row.last === 0 ? null : row.assisted / row.last,
      })),
      totals,
    } as RowsAnswer;
  },
};

const timeToConvertReport: JourneyReport<typeof TIME_PARAMETERS> = {
  summary: "Days and touchpoints from the first touchpoint to the conversion",
  parameters: TIME_PARAMETERS,
  answer: timeToConvertSchema,
  async run({ engine, tenant, now }, asked) {
    const report = await timeToConvert(engine, { tenant, ...timesOf(asked, now) });
    return report as unknown as RowsAnswer;
  },
};

const changes: JourneyReport<typeof CHANGES_PARAMETERS> = {
  summary: "What changed between two times, by its cause",
  parameters: CHANGES_PARAMETERS,
  answer: changesSchema,
  async run({ engine, tenant, now }, asked) {
    const { model, by, since, asOf: until = now } = asked;
    if (since === undefined) {
      throw refusal("parameter_missing", "since", "expected the time to compare with", undefined);
    }
    refuseFuture("since", since, now);
    if (since >= until) {
      const reason = `expected a time before asOf (${new Date(until).toISOString()})`;
      throw refusal("range_empty", "since", reason, new Date(since).toISOString());
    }
    const { from, to } = timesOf(asked, now);
    const answer = await changesBetween(engine, { tenant, model, by, since, until, from, to });
    return answer as unknown as RowsAnswer;
  },
};

const cost: JourneyReport<typeof COST_PARAMETERS> = {
  summary:
    "What was spent for each group, and what it earned: ROAS, cost per conversion and arrival",
  parameters: COST_PARAMETERS,
  answer: costSchema,
  async run({ engine, tenant, now, settings }, asked) {
    const { model, by, currency } = asked;
    const question = {
      tenant,
      model,
      by,
      currency,
      timeZone: asked.timeZone ?? settings.timeZone,
      ...timesOf(asked, now),
    };
    const answer = await costReport(engine, question);
    return answer as unknown as RowsAnswer;
  },
};

/** By the last part of their path. */
export const JOURNEY_REPORTS = {
  counts,
  paths,
  assists,
  "time-to-convert": timeToConvertReport,
  changes,
  cost,
} as const satisfies Readonly<Record<string, JourneyReport>>;

export type JourneyReportName = keyof typeof JOURNEY_REPORTS;
