import { ImportError } from "../errors.ts";
import {
  FORMAT_READERS,
  TIME_FORMATS,
  type FormatReader,
  type TimeFormat,
} from "./time-formats.ts";
import { zoneClock } from "./zone-clock.ts";

/** Reads a time as ms since 1970 (a fraction is cut off); undefined where it is none. */
export type TimeParser = (text: string) => number | undefined;

/** The formats that tell themselves apart: no order of day and month to guess, and no number that is also another's. */
export const UNAMBIGUOUS_FORMATS: readonly TimeFormat[] = [
  "iso",
  "seconds",
  "milliseconds",
  "microseconds",
  "nanoseconds",
  "month name",
];

/** Both orders of day and month with each separator. */
export const DAY_MONTH_ORDERS = {
  ".": ["dd.mm.yyyy", "mm.dd.yyyy"],
  "/": ["dd/mm/yyyy", "mm/dd/yyyy"],
  "-": ["dd-mm-yyyy", "mm-dd-yyyy"],
} as const satisfies Readonly<Record<string, readonly [TimeFormat, TimeFormat]>>;

/**
 * A parser of times in any of the formats. Where both orders of day and month are among them, a date is read whose day
 * is above 12, or equal to its month; another date is none, because it would be a guess.
 * Times without a zone are local times of `zone`: one that a change of the clocks leaves out is none, of one that comes
 * twice it is the first; a day without a time is its first moment.
 * Cost: some 0.5 µs a time.
 * @param zone IANA name
 * @throws ImportError `mapping` for an unknown format or zone
 */
export function timeParser(formats: readonly TimeFormat[], zone: string): TimeParser {
  const clock = zoneClock(zone);
  const readers = readersOf(formats);
  // No text is read by two readers, so the one that read the last text may be asked first.
  let last: FormatReader = readers[0] ?? (() => undefined);
  return (given) => {
    const text = given.trim();
    const ms = last(text, clock);
    if (ms !== undefined) return ms;
    for (const reader of readers) {
      if (reader === last) continue;
      const read = reader(text, clock);
      if (read === undefined) continue;
      last = reader;
      return read;
    }
    return undefined;
  };
}

function readersOf(formats: readonly TimeFormat[]): FormatReader[] {
  const wanted = new Set<string>(formats);
  for (const format of wanted) {
    if (Object.hasOwn(TIME_FORMATS, format)) continue;
    const list = Object.keys(TIME_FORMATS).join(", ");
    throw new ImportError(
      "mapping",
      `${format.slice(0, 64)} is no format of times; expected ${list}`,
    );
  }
  const either: FormatReader[] = [];
  for (const [dayFirst, monthFirst] of Object.values(DAY_MONTH_ORDERS)) {
    if (!wanted.has(dayFirst) || !wanted.has(monthFirst)) continue;
    wanted.delete(dayFirst);
    wanted.delete(monthFirst);
    either.push(eitherOrder(FORMAT_READERS[dayFirst], FORMAT_READERS[monthFirst]));
  }
  return [
    ...formats.filter((name) => wanted.has(name)).map((name) => FORMAT_READERS[name]),
    ...either,
  ];
}

function eitherOrder(dayFirst: FormatReader, monthFirst: FormatReader): FormatReader {
  return (text, clock) => {
    const one = dayFirst(text, clock);
    const other = monthFirst(text, clock);
    if (one === undefined || other === undefined) return one ?? other;
    return one === other ? one : undefined;
  };
}
