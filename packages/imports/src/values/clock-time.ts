/** What the formats of times share: the time of day, its zone, and a date that exists. */
import { isZone, zoneClock, type ZoneClock } from "./zone-clock.ts";

/** A time of day with an optional fraction, half of the day and zone; six groups. */
export const CLOCK_TIME = String.raw`(\d{1,2})[:.h](\d\d)(?:[:.](\d\d)(?:[.,:](\d{1,9}))?)?(?:\s*([AaPp])\.?\s?[Mm]\b\.?)?(?:\s*(Z|z|(?:UTC|GMT)?\s?[+-]\d\d(?::?\d\d(?::?\d\d)?)?|[A-Za-z]{2,5}|[A-Za-z_]+(?:\/[A-Za-z_+\-0-9]+)+)(?:\s?\([^)]*\)|\[[^\]]*\])?)?`;

/** North American zones of RFC 2822 section 4.3, UTC, and those of Central Europe, hours ahead of UTC. */
const NAMED_ZONES: Readonly<Record<string, number>> = {
  Z: 0,
  UT: 0,
  UTC: 0,
  GMT: 0,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  WET: 0,
  WEST: 1,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
};

/** A clock's groups as {@link CLOCK_TIME} finds them. */
export type ClockGroups = readonly (string | undefined)[];

/**
 * A date and its time of day as ms since 1970. A fraction below a millisecond is cut off.
 * @param month from 1
 * @param clock the six groups of {@link CLOCK_TIME}; undefined for the first moment of the day
 * @param local the clock of dates and times without a zone
 * @returns undefined for a date or time that does not exist, or an unknown zone
 */
export function momentOf(
  year: number,
  month: number,
  day: number,
  clock: ClockGroups | undefined,
  local: ZoneClock,
): number | undefined {
  const midnight = Date.UTC(year, month - 1, day);
  // Date.UTC takes 31 April for 1 May, and 0 to 99 for years of the twentieth century.
  if (year < 1000 || month < 1 || month > 12 || day < 1) return undefined;
  if (day > 28 && new Date(midnight).getUTCDate() !== day) return undefined;
  if (clock?.[0] === undefined) return local.startOfDay(midnight);
  const time = timeOfDay(clock);
  if (time === undefined) return undefined;
  const wallMs = midnight + time;
  const zone = clock[5];
  if (zone === undefined) return local.toMs(wallMs);
  return withZone(wallMs, zone);
}

/** Milliseconds since midnight. */
function timeOfDay([hourText, minuteText, secondText, fraction, half]: ClockGroups):
  | number
  | undefined {
  const minute = Number(minuteText);
  const second = secondText === undefined ? 0 : Number(secondText);
  let hour = Number(hourText);
  if (half !== undefined && half !== "") {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half === "p" || half === "P" ? 12 : 0);
  }
  if (hour > 24 || minute > 59 || second > 59) return undefined;
  // ISO 8601 writes the end of a day as 24:00.
  if (hour === 24 && minute + second > 0) return undefined;
  const ms = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  return ((hour * 60 + minute) * 60 + second) * 1000 + ms;
}

const OFFSET = /^(?:UTC|GMT)?\s?([+-])(\d\d):?(\d\d)?:?(\d\d)?$/i;

function withZone(wallMs: number, zone: string): number | undefined {
  const offset = OFFSET.exec(zone);
  if (offset !== null) {
    const [, sign, hours, minutes = "0", seconds = "0"] = offset;
    const ahead = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    if (Number(hours) > 18 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
    return sign === "-" ? wallMs + ahead * 1000 : wallMs - ahead * 1000;
  }
  const hours = NAMED_ZONES[zone.toUpperCase()];
  if (hours !== undefined) return wallMs - hours * 3_600_000;
  return zone.includes("/") && isZone(zone) ? zoneClock(zone).toMs(wallMs) : undefined;
}
