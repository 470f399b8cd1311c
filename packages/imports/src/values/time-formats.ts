/** The formats that the times of a file may have; each reads a text as ms since 1970, or gives undefined. */
import { CLOCK_TIME, momentOf, type ClockGroups } from "./clock-time.ts";
import { monthByName } from "./month-names.ts";
import type { ZoneClock } from "./zone-clock.ts";

/** Every format by its name in a mapping, and an example. */
export const TIME_FORMATS = {
  /** Year first: ISO 8601, and timestamps as Postgres, Redshift, BigQuery and Snowflake write them. */
  iso: "2026-11-20 10:00:00.123+00",
  "dd.mm.yyyy": "20.11.2026 10:00",
  "mm.dd.yyyy": "11.20.2026 10:00",
  "dd/mm/yyyy": "20/11/2026 10:00",
  "mm/dd/yyyy": "11/20/2026 10:00 AM",
  "dd-mm-yyyy": "20-11-2026 10:00",
  "mm-dd-yyyy": "11-20-2026 10:00",
  /** A month's name: RFC 2822, RFC 850, JavaScript, Apache's log, and dates for people. */
  "month name": "Fri, 20 Nov 2026 10:00:00 +0000",
  seconds: "1795168800",
  milliseconds: "1795168800000",
  microseconds: "1795168800000000",
  nanoseconds: "1795168800000000000",
  /** Days since 1899-12-30, as Excel and Google Sheets count: local times of the zone. */
  excel: "46346.416667",
} as const;

export type TimeFormat = keyof typeof TIME_FORMATS;

/** Reads a text without spaces around it. */
export type FormatReader = (text: string, clock: ZoneClock) => number | undefined;

const YEAR_FIRST = new RegExp(
  String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(?:T|t|,?\s+)${CLOCK_TIME})?$`,
);
/** Without separators, in the basic form of ISO 8601; fourteen digits are a date and time. */
const COMPACT =
  /^(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?()(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;
const YEAR_LAST = new RegExp(
  String.raw`^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?:(?:T|,?\s+|\s+-\s+)${CLOCK_TIME})?$`,
);
const WEEKDAY = String.raw`(?:\p{L}{2,12}\.?,?\s+)?`;
const DAY_AND_NAME = new RegExp(
  String.raw`^${WEEKDAY}(\d{1,2})(?:st|nd|rd|th|\.|º)?(?:\s+de)?[\s/-]+(\p{L}{3,12})\.?,?(?:\s+de)?[\s/-]+(\d{4}|\d\d)(?:(?:T|:|,?\s+(?:at\s+|um\s+|-\s+)?)${CLOCK_TIME})?$`,
  "u",
);
const NAME_AND_DAY = new RegExp(
  String.raw`^${WEEKDAY}(\p{L}{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:,?\s+(?:at\s+|-\s+)?${CLOCK_TIME})?$`,
  "u",
);

const isoReader: FormatReader = (text, clock) => {
  const found = YEAR_FIRST.exec(text);
  if (found !== null) {
    return momentOf(Number(found[1]), Number(found[3]), Number(found[4]), found.slice(5), clock);
  }
  const compact = COMPACT.exec(text);
  if (compact === null) return undefined;
  return momentOf(
    Number(compact[1]),
    Number(compact[2]),
    Number(compact[3]),
    compact.slice(4),
    clock,
  );
};

/** A date whose year is last, as far as it can be read without knowing its order. */
export interface YearLast {
  readonly separator: string;
  readonly first: number;
  readonly second: number;
  readonly year: number;
  readonly clock: ClockGroups;
}

/** Takes apart a date with the year last; undefined for anything else. */
export function readYearLast(text: string): YearLast | undefined {
  const found = YEAR_LAST.exec(text);
  if (found === null) return undefined;
  return {
    separator: found[2] ?? "",
    first: Number(found[1]),
    second: Number(found[3]),
    year: fullYear(found[4] ?? ""),
    clock: found.slice(5),
  };
}

function yearLastReader(separator: string, isDayFirst: boolean): FormatReader {
  return (text, clock) => {
    const date = readYearLast(text);
    if (date === undefined || date.separator !== separator) return undefined;
    const [day, month] = isDayFirst ? [date.first, date.second] : [date.second, date.first];
    return momentOf(date.year, month, day, date.clock, clock);
  };
}

/** Two digits are of 1970 to 2069, as POSIX reads them. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

/** `Fri Nov 20 10:00:00 2026`, as C's ctime and Postgres' own style write it, with the year before the time. */
function yearBeforeTime(text: string): string {
  return text.replace(
    /^(\p{L}{3} \p{L}{3} +\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,9})?)((?: [A-Z]{2,5})?) (\d{4})((?: [A-Z]{2,5})?)$/u,
    "$1 $4 $2$3$5",
  );
}

const monthNameReader: FormatReader = (text, clock) => {
  const dayFirst = DAY_AND_NAME.exec(text);
  if (dayFirst !== null) {
    const [, day, name = "", year = ""] = dayFirst;
    const month = monthByName(name);
    if (month !== undefined) {
      return momentOf(fullYear(year), month, Number(day), dayFirst.slice(4), clock);
    }
  }
  const monthFirst = NAME_AND_DAY.exec(yearBeforeTime(text));
  if (monthFirst === null) return undefined;
  const month = monthByName(monthFirst[1] ?? "");
  if (month === undefined) return undefined;
  return momentOf(Number(monthFirst[3]), month, Number(monthFirst[2]), monthFirst.slice(4), clock);
};

/** Seconds as BigQuery's API writes timestamps: `1.7951688E9`. A spreadsheet's `1.79517E+09` has lost digits, and is none. */
const E9 = /^(\d)\.(\d{1,15})E9$/;

/** @param digits those of a whole number of the unit for times between 2000 and 2286, at least and at most */
function epochReader(digits: readonly [number, number], below: number): FormatReader {
  const pattern = new RegExp(String.raw`^(\d{${digits[0]},${digits[1]}})(?:\.(\d{1,9}))?$`);
  return (given) => {
    const found = pattern.exec(below === 0 ? given.replace(E9, plainSeconds) : given);
    return found === null ? undefined : epochToMs(found[1] ?? "", found[2] ?? "", below);
  };
}

function plainSeconds(_: string, whole: string, fraction: string): string {
  const digits = fraction.padEnd(9, "0");
  const rest = digits.slice(9);
  return whole + digits.slice(0, 9) + (rest === "" ? "" : `.${rest}`);
}

/**
 * Digits of a unit since 1970 as ms, cut off below. By digits, because 1700000000.123 · 1000 is not 1700000000123 in
 * floating point.
 * @param below digits of the unit below a second: 0 for seconds, 9 for nanoseconds
 */
export function epochToMs(whole: string, fraction: string, below: number): number | undefined {
  const ms =
    below > 3
      ? Number(whole.slice(0, Math.max(0, whole.length - below + 3)))
      : Number(whole + fraction.slice(0, 3 - below).padEnd(3 - below, "0"));
  return Number.isSafeInteger(ms) ? ms : undefined;
}

const EXCEL = /^\d{5}(?:\.\d{1,15})?$/;
const EXCEL_1970 = 25_569;
/** Serials outside 2000 to 2099 are more probably another number. */
const EXCEL_RANGE = [36_526, 73_051] as const;

const excelReader: FormatReader = (text, clock) => {
  if (!EXCEL.test(text)) return undefined;
  const days = Number(text);
  if (days < EXCEL_RANGE[0] || days >= EXCEL_RANGE[1]) return undefined;
  const wallMs = Math.round((days - EXCEL_1970) * 86_400_000);
  return Number.isInteger(days) ? clock.startOfDay(wallMs) : clock.toMs(wallMs);
};

/** The reader of each format. */
export const FORMAT_READERS: Readonly<Record<TimeFormat, FormatReader>> = {
  iso: isoReader,
  "dd.mm.yyyy": yearLastReader(".", true),
  "mm.dd.yyyy": yearLastReader(".", false),
  "dd/mm/yyyy": yearLastReader("/", true),
  "mm/dd/yyyy": yearLastReader("/", false),
  "dd-mm-yyyy": yearLastReader("-", true),
  "mm-dd-yyyy": yearLastReader("-", false),
  "month name": monthNameReader,
  seconds: epochReader([9, 10], 0),
  milliseconds: epochReader([12, 13], 3),
  microseconds: epochReader([15, 16], 6),
  nanoseconds: epochReader([18, 19], 9),
  excel: excelReader,
};
