/** Parameters that several reports share. */
import { MODEL_NAMES } from "@tributary/attribution";
import { EVENT_LIMITS, isCurrency } from "@tributary/protocol";
import { canonicalTimeZone } from "@tributary/tenants";
import { MAX_REPORT_DIMENSIONS } from "@tributary/warehouse";
import { z } from "zod";
import { list, refusal, refusals, refuse, text } from "./parameters.ts";

export const REPORT_FORMATS = ["json", "csv", "parquet"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** A date, or a date and time; without an offset it is UTC. */
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const EPOCH_MS = /^\d{1,13}$/;
const TIME_EXPECTED =
  "expected an ISO 8601 date or date-time (UTC without an offset), or milliseconds since 1970";

/** ms since 1970. */
export function instant(description: string) {
  const schema = z
    .string()
    .meta({ examples: ["2026-10-01", "2026-10-01T12:00:00+02:00"] })
    .transform(readInstant)
    .optional();
  return text(schema).describe(
    `${description}; ISO 8601 (UTC without an offset), or milliseconds since 1970`,
  );
}

/** Times of the conversions that a report is about. */
export const timeRange = {
  from: instant("conversions from then on"),
  to: instant("conversions before then"),
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
).describe("of days, weeks and months: an IANA name; without it the tenant's, or UTC");

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

/** Times of a question, ms since 1970. */
interface AskedTimes {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly asOf?: number | undefined;
}

/**
 * The times of a question, without those that were not given.
 * @param now the clock, ms since 1970
 * @throws ReportsError `range_empty` where none lies between `from` and `to`, `time_in_future`
 */
export function timesOf(
  { from, to, asOf: known }: AskedTimes,
  now: number,
): { from?: number; to?: number; asOf?: number } {
  refuseFuture("asOf", known, now);
  if (from !== undefined && to !== undefined && from >= to) {
    throw refusal("range_empty", "from", `expected a time before "to" (${iso(to)})`, iso(from));
  }
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(known === undefined ? {} : { asOf: known }),
  };
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

function readInstant(given: string, context: z.RefinementCtx): number {
  if (EPOCH_MS.test(given)) {
    const ms = Number(given);
    if (ms === 0 || ms >= EVENT_LIMITS.minTimeMs) return ms;
    const reason = `${TIME_EXPECTED}; this looks like seconds`;
    return refuse(context, { code: "time_invalid", reason, given });
  }
  const match = ISO_TIME.exec(given);
  const [, date = "", time, offset] = match ?? [];
  const ms = Date.parse(time === undefined || offset !== undefined ? given : `${given}Z`);
  // Date.parse carries 31 February over into March.
  const midnight = Date.parse(date);
  if (
    match === null ||
    Number.isNaN(ms) ||
    Number.isNaN(midnight) ||
    !iso(midnight).startsWith(date)
  ) {
    return refuse(context, { code: "time_invalid", reason: TIME_EXPECTED, given });
  }
  return ms;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
