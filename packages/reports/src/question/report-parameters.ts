/** Parameters that several reports share. */
import { EVENT_LIMITS, isCurrency } from "@tributary/protocol";
import { MAX_REPORT_DIMENSIONS } from "@tributary/warehouse";
import { choice, listOf, numberBetween, refusal, single, type Parameter } from "./parameters.ts";

export const REPORT_FORMATS = ["json", "csv", "parquet"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** A date, or a date and time; without an offset it is UTC. */
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const EPOCH_MS = /^\d{1,13}$/;
const TIME_EXPECTED =
  "expected an ISO 8601 date or date-time (UTC without an offset), or milliseconds since 1970";

/** ms since 1970. */
function instant(description: string): Parameter<number | undefined> {
  return {
    description: `${description}; ISO 8601 (UTC without an offset), or milliseconds since 1970`,
    schema: { type: "string", examples: ["2026-10-01", "2026-10-01T12:00:00+02:00"] },
    read: (value, field) => readInstant(field, single(field, value)),
  };
}

/** Conversions of which times a report is about. */
export const timeRange = {
  from: instant("conversions from then on"),
  to: instant("conversions before then"),
};

/** The knowledge of a past time: an answer to a time that is yet to come could still change. */
export const asOf: Parameter<number | undefined> = {
  ...instant("what was known then, without later corrections"),
  read(value, field, now) {
    const time = readInstant(field, single(field, value));
    if (time !== undefined && time > now) {
      const reason = `expected a time that has passed, it is ${iso(now)}`;
      throw refusal("time_in_future", field, reason, iso(time));
    }
    return time;
  },
};

/** One or two dimensions of a closed list that rows are grouped by. */
export function dimensions<Dimension extends string>(
  allowed: readonly Dimension[],
  absent: Dimension,
): Parameter<readonly Dimension[]> {
  return {
    description: `one or two dimensions, separated by commas`,
    schema: {
      type: "array",
      items: { type: "string", enum: allowed },
      minItems: 1,
      maxItems: MAX_REPORT_DIMENSIONS,
      default: [absent],
    },
    read: (value, field) => readDimensions(field, listOf(value), allowed, absent),
  };
}

/** What money is brought to. */
export const currencyCode: Parameter<string | undefined> = {
  description: "brings all money to this currency (ISO 4217), by the rate of its day",
  schema: { type: "string", examples: ["EUR"] },
  read(value, field) {
    const code = single(field, value)?.toUpperCase();
    if (code === undefined || isCurrency(code)) return code;
    throw refusal("choice_unknown", field, "expected an ISO 4217 code such as EUR", code);
  },
};

/** Of an audit. */
export const differences = numberBetween("most differences that are described", [0, 10_000], 100, {
  whole: true,
});

export const format = choice("how the rows are written", REPORT_FORMATS, "json", {
  code: "format_unknown",
  reason: "no such format",
});

/**
 * The times of a question, without those that were not given.
 * @throws ReportsError `range_empty` where none lies between `from` and `to`
 */
export function timesOf(times: {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly asOf?: number | undefined;
}): { from?: number; to?: number; asOf?: number } {
  const { from, to, asOf: known } = times;
  if (from !== undefined && to !== undefined && from >= to) {
    throw refusal("range_empty", "from", `expected a time before "to" (${iso(to)})`, iso(from));
  }
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(known === undefined ? {} : { asOf: known }),
  };
}

function readDimensions<Dimension extends string>(
  field: string,
  given: readonly string[],
  allowed: readonly Dimension[],
  absent: Dimension,
): readonly Dimension[] {
  if (given.length === 0) return [absent];
  const found: Dimension[] = [];
  for (const name of given) {
    const dimension = allowed.find((known) => known === name);
    if (dimension === undefined) {
      throw refusal("dimension_unknown", field, "no such dimension", name, allowed);
    }
    if (found.includes(dimension)) {
      throw refusal("dimension_repeated", field, "each dimension once", name, allowed);
    }
    found.push(dimension);
  }
  if (found.length > MAX_REPORT_DIMENSIONS) {
    const reason = `expected at most ${MAX_REPORT_DIMENSIONS} dimensions, got ${found.length}`;
    throw refusal("dimension_too_many", field, reason, given.join(","), allowed);
  }
  return found;
}

function readInstant(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (EPOCH_MS.test(text)) {
    const ms = Number(text);
    if (ms === 0 || ms >= EVENT_LIMITS.minTimeMs) return ms;
    throw refusal("time_invalid", field, `${TIME_EXPECTED}; this looks like seconds`, text);
  }
  const match = ISO_TIME.exec(text);
  const [, date = "", time, offset] = match ?? [];
  const ms = Date.parse(time === undefined || offset !== undefined ? text : `${text}Z`);
  // Date.parse carries 31 February over into March.
  const midnight = Date.parse(date);
  if (
    match === null ||
    Number.isNaN(ms) ||
    Number.isNaN(midnight) ||
    !iso(midnight).startsWith(date)
  ) {
    throw refusal("time_invalid", field, TIME_EXPECTED, text);
  }
  return ms;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
