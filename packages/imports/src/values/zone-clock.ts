import { ImportError } from "../errors.ts";

const DAY_MS = 86_400_000;
/** Clocks of the world are at most this far from UTC; the bound leaves room for a change of them. */
const MOST_OFFSET_MS = 15 * 3_600_000;
/** Days whose offset is remembered: 27 years. */
const MAX_DAYS = 10_000;

/** The clock on the wall of a zone. */
export interface ZoneClock {
  /**
   * The moment at which the clock shows a date and time; of a time that comes twice the first, of one that a change of
   * clocks leaves out none.
   * @param wallMs the date and time as if they were UTC, ms since 1970
   * @returns ms since 1970
   */
  readonly toMs: (wallMs: number) => number | undefined;
  /** The first moment of a day: where the clocks leave out midnight, the moment of the change. @param wallMs its midnight */
  readonly startOfDay: (wallMs: number) => number;
}

const clocks = new Map<string, ZoneClock>();

/**
 * The clock of an IANA zone. Days without a change of the clocks cost one look-up.
 * @throws ImportError `mapping` for a zone that does not exist
 */
export function zoneClock(zone: string): ZoneClock {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = /^(?:utc|gmt|etc\/utc)$/i.test(zone)
    ? { toMs: (wallMs: number) => wallMs, startOfDay: (wallMs: number) => wallMs }
    : createClock(zone);
  if (clocks.size >= 1000) clocks.clear();
  clocks.set(zone, clock);
  return clock;
}

/** True for the name of an IANA zone. */
export function isZone(zone: string): boolean {
  try {
    zoneClock(zone);
    return true;
  } catch (error) {
    if (error instanceof ImportError) return false;
    throw error;
  }
}

function createClock(zone: string): ZoneClock {
  const offsetAt = offsetsOf(zone);
  /** Offsets of days on which, and around which, the clocks do not change; NaN for the others. */
  const steady = new Map<number, number>();
  const steadyOffset = (day: number): number => {
    const before = offsetAt(day * DAY_MS - MOST_OFFSET_MS);
    const offset = offsetAt((day + 1) * DAY_MS + MOST_OFFSET_MS) === before ? before : Number.NaN;
    if (steady.size >= MAX_DAYS) steady.clear();
    steady.set(day, offset);
    return offset;
  };
  const toMs = (wallMs: number): number | undefined => {
    const day = Math.floor(wallMs / DAY_MS);
    const offset = steady.get(day) ?? steadyOffset(day);
    if (!Number.isNaN(offset)) return wallMs - offset;
    // The offset before the change is the greater one where an hour comes twice: its moment is the first.
    const moments = [offsetAt(wallMs - 2 * DAY_MS), offsetAt(wallMs + 2 * DAY_MS)]
      .filter((one) => offsetAt(wallMs - one) === one)
      .map((one) => wallMs - one);
    return moments.length === 0 ? undefined : Math.min(...moments);
  };
  const startOfDay = (wallMs: number): number => {
    const ms = toMs(wallMs);
    if (ms !== undefined) return ms;
    return changeBetween(offsetAt, wallMs - MOST_OFFSET_MS, wallMs + MOST_OFFSET_MS);
  };
  return { toMs, startOfDay };
}

/** The moment of the change of clocks between two moments, to the second. */
function changeBetween(offsetAt: (ms: number) => number, from: number, to: number): number {
  const before = offsetAt(from);
  let low = from;
  let high = to;
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** How far a zone's clock is ahead of UTC at a moment, ms. */
function offsetsOf(zone: string): (ms: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "iso8601",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    throw new ImportError(
      "mapping",
      `there is no zone ${zone.slice(0, 64)}; expected an IANA name such as Europe/Berlin`,
    );
  }
  return (ms) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  };
}
