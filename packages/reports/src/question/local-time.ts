/**
 * Local dates and times of a time zone as instants. The zone's rules are the runtime's (IANA, from ICU); a wall clock is written
 * as the ms since 1970 that it would be in UTC.
 */
const DAY_MS = 86_400_000;
const LAST_DAY_MS = Date.UTC(9999, 11, 31);
/** Further from a time than any zone's offset, on both sides. */
const MARGIN_MS = 26 * 3_600_000;
const MAX_FORMATTERS = 64;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a zone show at an instant. @param zone IANA name @returns ms since 1970, were it UTC */
export function wallClock(ms: number, zone: string): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(ms)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const milliseconds = ((ms % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
}

/**
 * The instant of a wall clock; the first of two where the clocks were put back.
 * @returns ms since 1970; undefined where the clocks skipped it
 */
export function instantOfWallClock(wall: number, zone: string): number | undefined {
  return candidates(wall, zone).find((ms) => wallClock(ms, zone) === wall);
}

/**
 * The first instant of a local day: 01:00 where the clocks skip midnight, and that of the next day where a zone skipped the whole
 * day (Pacific/Apia, 2011-12-30).
 * @param day `2026-10-01` @returns ms since 1970
 */
export function startOfDay(day: string, zone: string): number {
  const midnight = Date.parse(day);
  const found = instantOfWallClock(midnight, zone);
  if (found !== undefined) return found;
  // Between the two lies the change that skipped it: the clocks only go forward there.
  let [before = midnight, after = midnight] = candidates(midnight, zone);
  before -= 1;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(middle, zone) < midnight) before = middle;
    else after = middle;
  }
  return after;
}

/** The day that begins at a time, or the next one after it: days of a range are those that begin in it. */
export function firstDayFrom(ms: number, zone: string): string {
  const day = dayText(wallClock(ms, zone));
  return startOfDay(day, zone) >= ms ? day : nextDay(day);
}

/** @param day `2026-10-01` */
export function nextDay(day: string): string {
  return dayText(Math.min(Date.parse(day) + DAY_MS, LAST_DAY_MS));
}

/** An instant as its zone writes it: `2026-10-25T02:30:00.000+02:00`. */
export function localText(ms: number, zone: string): string {
  const wall = wallClock(ms, zone);
  const minutes = Math.round((wall - ms) / 60_000);
  const [hour, minute] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const offset = [hour, minute].map((part) => String(part).padStart(2, "0")).join(":");
  return `${new Date(wall).toISOString().slice(0, -1)}${minutes < 0 ? "-" : "+"}${offset}`;
}

/** The instants that a wall clock may be, by the offsets before and after it; the earlier one first. */
function candidates(wall: number, zone: string): number[] {
  const offsets = [wall - MARGIN_MS, wall + MARGIN_MS].map((ms) => wallClock(ms, zone) - ms);
  return offsets.map((offset) => wall - offset).sort((a, b) => a - b);
}

function dayText(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10);
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  const made = new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(zone, made);
  return made;
}
