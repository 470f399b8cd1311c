import { DateTime } from "luxon";
import { ImportError } from "../errors.ts";
import { epochToMs } from "./time-formats.ts";
import type { TimeParser } from "./time-parser.ts";
import { zoneClock } from "./zone-clock.ts";

/** A token of an offset or a zone's name, outside quotes: such a format includes the zone. */
const ZONE_TOKEN = /^(?:[^']|'[^']*')*?[Zz]/;
const EPOCH = /^(\d{1,20})(?:\.(\d+))?$/;

/** Formats that are numbers, and how many of their digits are below a second. */
const EPOCHS: Readonly<Record<string, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

/**
 * A parser of times in a format of one's own: `s`, `ms`, `us` or `ns` since 1970, or Luxon's tokens such as
 * `dd.MM.yyyy HH:mm`. A local time that a change of clocks leaves out is none; of one that comes twice it is the first.
 * Cost: some 20 µs a time with tokens.
 * @param zone IANA name, of times whose format has none
 * @returns the parser, and whether the format includes the zone
 * @throws ImportError `mapping` for a zone that does not exist, or tokens that do not include the day
 */
export function tokenParser(
  format: string,
  zone: string,
): { readonly parse: TimeParser; readonly ownZone: boolean } {
  const clock = zoneClock(zone);
  const below = EPOCHS[format];
  if (below !== undefined) {
    const parse: TimeParser = (text) => {
      const [, whole, fraction = ""] = EPOCH.exec(text.trim()) ?? [];
      return whole === undefined ? undefined : epochToMs(whole, fraction, below);
    };
    return { parse, ownZone: true };
  }
  checkTokens(format);
  const ownZone = ZONE_TOKEN.test(format);
  const parse: TimeParser = (text) => {
    const wall = DateTime.fromFormat(text.trim(), format, { zone: "UTC", locale: "en" });
    if (!wall.isValid) return undefined;
    return ownZone ? wall.toMillis() : clock.toMs(wall.toMillis());
  };
  return { parse, ownZone };
}

/** A format must contain the day; missing smaller units are 0. */
function checkTokens(format: string): void {
  const now = DateTime.fromObject({ year: 2024, month: 5, day: 17 }, { zone: "UTC" });
  const back = DateTime.fromFormat(now.toFormat(format, { locale: "en" }), format, {
    zone: "UTC",
    locale: "en",
  });
  if (back.isValid && back.toISODate() === now.toISODate()) return;
  throw new ImportError(
    "mapping",
    `${format.slice(0, 64)} is no format of times; expected s, ms, us, ns, or tokens that include the day, such as yyyy-MM-dd HH:mm:ss or dd.MM.yyyy HH:mm`,
  );
}
