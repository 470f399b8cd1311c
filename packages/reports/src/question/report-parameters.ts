/** Parameters that several reports share. */
import { MODEL_NAMES } from "@tributary/attribution";
import { EVENT_LIMITS, isCurrency } from "@tributary/protocol";
import { canonicalTimeZone } from "@tributary/tenants";
import { MAX_REPORT_DIMENSIONS } from "@tributary/warehouse";
import { z } from "zod";
import { firstDayFrom, instantOfWallClock, localText, nextDay, startOfDay } from "./local-time.ts";
import { list, refusal, refusals, refuse, text } from "./parameters.ts";

export const REPORT_FORMATS = ["json", "csv", "parquet"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** A date, or a date and time; without an offset it is the time zone's. */
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;
const EPOCH_MS = /^\d{1,13}$/;
const TIME_EXPECTED =
  "expected an ISO 8601 date or date-time (of timeZone without an offset), or milliseconds since 1970";

/** A date, or a date and time without an offset, of a time zone that is yet to be known. */
export interface LocalTime {
  /** `2026-10-01`. */
  readonly day: string;
  /** What the clocks show, as ms since 1970, were it UTC; undefined for the day's first instant. */
  readonly wall: number | undefined;
  /** As it was asked for. */
  readonly given: string;
}

/** A time as it is asked for: ms since 1970, or one of a time zone. */
export type AskedTime = number | LocalTime;

/** A time; {@link timesOf} and {@link instantOf} read it. */
export function instant(description: string) {
  const schema = z
    .string()
    .meta({ examples: ["2026-10-01", "2026-10-01T12:00:00+02:00"] })
    .transform(readTime)
    .optional();
  return text(schema).describe(
    `${description}; ISO 8601 (of timeZone without an offset, a date alone is its first instant), or milliseconds since 1970`,
  );
}

/** Times of the conversions that a report is about. */
export const timeRange = {
  from: instant("conversions from then on"),
  to: instant("conversions before then: a date alone is not included"),
};

/** The knowledge of a past time; {@link timesOf} refuses one that is yet to come. */
export const asOf = instant("what was known then, without later corrections");

/** One or two dimensions of a closed list that rows are grouped by. */
export function dimensions<const Dimension extends string>(
  allowed: readonly Dimension[],
  absent: NoInfer<Dimension>,
) {
  const most = MAX_REPORT_DIMENSIONS;
  const schema = z
    .array(z.enum(allowed))
    .meta({ minItems: 1, maxItems: most })
    .superRefine((found, context) => {
      const again = repeated(found);
      if (again !== undefined) {
        const reason = "each dimension once";
        refuse(context, { code: "dimension_repeated", reason, given: again, allowed });
      } else if (found.length > most) {
        const reason = `expected at most ${most} dimensions, got ${found.length}`;
        const given = found.join(",");
        refuse(context, { code: "dimension_too_many", reason, given, allowed });
      }
    })
    .default([absent]);
  return list(schema)
    .describe("one or two dimensions, separated by commas")
    .register(refusals, { code: "dimension_unknown", reason: "no such dimension" });
}

/** The currency that all money is converted to. */
export const currencyCode = text(
  z
    .string()
    .meta({ examples: ["EUR"] })
    .transform((given, context) => {
      const code = given.toUpperCase();
      if (isCurrency(code)) return code;
      const reason = "expected an ISO 4217 code such as EUR";
      return refuse(context, { code: "choice_unknown", reason, given: code });
    })
    .optional(),
).describe("brings all money to this currency (ISO 4217), by the rate of its day");

export const timeZone = text(
  z
    .string()
    .meta({ examples: ["Europe/Berlin"] })
    .transform((given, context) => {
      const reason = "expected an IANA time zone, such as Europe/Berlin or UTC";
      const zone = canonicalTimeZone(given);
      return zone ?? refuse(context, { code: "time_zone_unknown", reason, given });
    })
    .optional(),
).describe(
  "of days, weeks, months and hours, and of times without an offset: an IANA name; without it the tenant's, or UTC",
);

/** What one conversion may be asked. */
export const conversionParameters = z.strictObject({ asOf, timeZone });

/** Which journeys without a conversion count: see docs/models.md. */
const NON_CONVERTING = ["users", "tails", "none"] as const;
export type NonConverting = (typeof NON_CONVERTING)[number];

/** Which journeys that did not convert count. */
export const nonConverting = text(z.enum(NON_CONVERTING).default("users")).describe(
  "journeys that did not convert: of users without a conversion in the time, with tails also what follows other users' last one, or none",
);

/** A model that the workers credit. */
export const streamedModel = text(z.enum(MODEL_NAMES).default("linear"))
  .describe("whose credits")
  .register(refusals, { code: "model_unknown", reason: "no such model" });

export const format = formatOf(REPORT_FORMATS);

/** One of the formats of a path; the first where none is given. */
export function formatOf<const Format extends string>(allowed: readonly [Format, ...Format[]]) {
  return text(z.enum(allowed).default(allowed[0]))
    .describe("how the rows are written")
    .register(refusals, { code: "format_unknown", reason: "no such format" });
}

/** Times of a question. */
interface AskedTimes {
  readonly from?: AskedTime | undefined;
  readonly to?: AskedTime | undefined;
  readonly asOf?: AskedTime | undefined;
}

/** The times of a question, ms since 1970; those that were not given are left out. */
export interface Times {
  readonly from?: number;
  readonly to?: number;
  readonly asOf?: number;
}

/**
 * The times of a question.
 * @param now the clock, ms since 1970 @param zone of times without an offset, an IANA name
 * @throws ReportsError `time_invalid`, `range_empty` where none lies between `from` and `to`, `time_in_future`
 */
export function timesOf(asked: AskedTimes, now: number, zone: string): Times {
  const known = instantOf("asOf", asked.asOf, zone);
  refuseFuture("asOf", known, now);
  const from = instantOf("from", asked.from, zone);
  const to = instantOf("to", asked.to, zone);
  if (from !== undefined && to !== undefined && from >= to) {
    const last = typeof asked.to === "object" && asked.to.wall === undefined ? asked.to : undefined;
    const hint =
      last === undefined
        ? ""
        : `; "to" is not included: to=${nextDay(last.day)} includes ${last.day}`;
    const reason = `expected a time before "to" (${localText(to, zone)})${hint}`;
    throw refusal("range_empty", "from", reason, localText(from, zone));
  }
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(known === undefined ? {} : { asOf: known }),
  };
}

/** The days of a range, those that begin in it: as spend has them. @param times ms since 1970 */
export function daysOf(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  zone: string,
): { fromDay?: string; toDay?: string } {
  return {
    ...(from === undefined ? {} : { fromDay: firstDayFrom(from, zone) }),
    ...(to === undefined ? {} : { toDay: firstDayFrom(to, zone) }),
  };
}

/**
 * The instant of a time.
 * @param zone of a time without an offset @returns ms since 1970
 * @throws ReportsError `time_invalid` where the zone's clocks skipped it
 */
export function instantOf(
  field: string,
  asked: AskedTime | undefined,
  zone: string,
): number | undefined {
  if (typeof asked !== "object") return asked;
  const { day, wall, given } = asked;
  const ms = wall === undefined ? startOfDay(day, zone) : instantOfWallClock(wall, zone);
  if (ms !== undefined) return ms;
  const reason = `expected a time that exists in ${zone}: its clocks were put forward over this one`;
  throw refusal("time_invalid", field, reason, given);
}

/**
 * Refuses the knowledge of a time that is yet to come: the answer could still change.
 * @param now the clock, ms since 1970
 * @throws ReportsError `time_in_future`
 */
export function refuseFuture(field: string, time: number | undefined, now: number): void {
  if (time === undefined || time <= now) return;
  const reason = `expected a time that has passed, it is ${iso(now)}`;
  throw refusal("time_in_future", field, reason, iso(time));
}

/** The first name that a list repeats. */
export function repeated<Name>(names: readonly Name[]): Name | undefined {
  return names.find((name, i) => names.indexOf(name) < i);
}

function readTime(given: string, context: z.RefinementCtx): AskedTime {
  if (EPOCH_MS.test(given)) {
    const ms = Number(given);
    if (ms === 0 || ms >= EVENT_LIMITS.minTimeMs) return ms;
    const reason = `${TIME_EXPECTED}; this looks like seconds`;
    return refuse(context, { code: "time_invalid", reason, given });
  }
  const [, day = "", time, offset] = ISO_TIME.exec(given) ?? [];
  const midnight = Date.parse(day);
  const wall = time === undefined ? undefined : Date.parse(`${day}T${time}Z`);
  const ms = offset === undefined ? (wall ?? midnight) : Date.parse(given);
  // Date.parse carries 31 February over into March.
  if (Number.isNaN(ms) || Number.isNaN(midnight) || !iso(midnight).startsWith(day)) {
    return refuse(context, { code: "time_invalid", reason: TIME_EXPECTED, given });
  }
  return offset === undefined ? { day, wall, given } : ms;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
