import { DateTime, IANAZone } from "luxon";
import { CliError } from "../../errors.ts";

/** Ten digits are seconds until the year 2286; thirteen are milliseconds from 2001 on. */
const SECONDS = /^\d{10}(?:\.\d+)?$/;
const MILLISECONDS = /^\d{12,14}$/;
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?$/;
const ZONE = /(?:Z|[+-]\d\d:?\d\d)$/;
/** A token of an offset or a zone's name, outside quotes: such a format includes the zone. */
const ZONE_TOKEN = /^(?:[^']|'[^']*')*?[Zz]/;

/** Formats that are numbers, and how many of their digits are below a second. */
const EPOCHS: Readonly<Record<string, number>> = { s: 0, ms: 3, us: 6 };

/** How the times of a file are written. */
export interface TimeOptions {
  /** `s`, `ms` or `us` since 1970, or tokens such as `dd.MM.yyyy HH:mm`; without it what {@link readTime} takes. */
  readonly format?: string | undefined;
  /** IANA zone of times without one; by default UTC. */
  readonly zone?: string | undefined;
}

/** Reads the times of a file. */
export interface TimeReader {
  /** A time as ms since 1970 (a fraction is cut off), or undefined where it is none. */
  readonly read: (value: unknown) => number | undefined;
  /** The expected form, for messages. */
  readonly expected: string;
}

/**
 * A reader of times in one format and zone. A local time that a change of clocks leaves out is none; of one that comes
 * twice it is the first.
 * @throws CliError `usage` for a zone that there is not, or a format that no time can be read by
 */
export function timeReader({ format, zone = "UTC" }: TimeOptions): TimeReader {
  if (!IANAZone.isValidZone(zone)) {
    throw new CliError(
      "usage",
      `--time-zone ${zone}: there is no such zone; expected an IANA name such as Europe/Berlin`,
    );
  }
  if (format === undefined) {
    return {
      read: (value) => readTime(value, zone),
      expected: `expected milliseconds or seconds since 1970, or ISO 8601 (without a zone: ${zone})`,
    };
  }
  const digits = EPOCHS[format];
  if (digits !== undefined) {
    return {
      read: (value) => epochToMs(textOf(value), digits),
      expected: `expected a number of ${format} since 1970`,
    };
  }
  checkTokens(format);
  const ownZone = ZONE_TOKEN.test(format);
  return {
    read: (value) => {
      const wall = DateTime.fromFormat(textOf(value), format, { zone: "UTC", locale: "en" });
      if (!wall.isValid) return undefined;
      return ownZone ? wall.toMillis() : localToMs(wall, zone);
    },
    expected: `expected a time as ${format}${ownZone ? "" : ` in ${zone}`} (that exists there)`,
  };
}

/** The default reader. */
export const ANY_TIME: TimeReader = timeReader({});

/** A time of a file in any of the common ways, or undefined where it is none. @param zone of one without */
export function readTime(value: unknown, zone = "UTC"): number | undefined {
  const text = textOf(value);
  if (MILLISECONDS.test(text)) return Number(text);
  if (SECONDS.test(text)) return epochToMs(text, 0);
  if (!ISO.test(text)) return undefined;
  const date = text.replace(" ", "T");
  // ECMA-262 reads a date and time without a zone as local time: the same file would differ between machines.
  const isLocal = !(date.includes("T") && ZONE.test(date));
  const ms = Date.parse(isLocal && date.includes("T") ? `${date}Z` : date);
  if (Number.isNaN(ms)) return undefined;
  return isLocal && zone !== "UTC" ? localToMs(DateTime.fromMillis(ms, { zone: "UTC" }), zone) : ms;
}

/** What a clock on the wall of a zone shows, as ms since 1970; undefined where it never does. @param wall in UTC */
function localToMs(wall: DateTime, zone: string): number | undefined {
  const local = wall.setZone(zone, { keepLocalTime: true });
  if (local.hour !== wall.hour || local.minute !== wall.minute) return undefined;
  return Math.min(...local.getPossibleOffsets().map((one) => one.toMillis()));
}

/** By digits, because 1700000000.123 · 1000 is not 1700000000123 in floating point. */
function epochToMs(text: string, digits: number): number | undefined {
  const [, whole, fraction = ""] = /^(\d{1,17})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const ms =
    digits > 3
      ? Number(whole.slice(0, Math.max(0, whole.length - digits + 3)))
      : Number(whole + fraction.slice(0, 3 - digits).padEnd(3 - digits, "0"));
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** A format must contain the day; missing smaller units are 0. */
function checkTokens(format: string): void {
  const now = DateTime.fromObject({ year: 2024, month: 5, day: 17 }, { zone: "UTC" });
  const back = DateTime.fromFormat(now.toFormat(format, { locale: "en" }), format, {
    zone: "UTC",
    locale: "en",
  });
  if (back.isValid && back.toISODate() === now.toISODate()) return;
  throw new CliError(
    "usage",
    `--time-format ${format}: expected s, ms, us, or tokens that include the day, such as yyyy-MM-dd HH:mm:ss or dd.MM.yyyy HH:mm`,
  );
}

function textOf(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim() : "";
}
