import fc from "fast-check";
import { DateTime } from "luxon";
import { expect, test } from "vitest";
import { isZone, zoneClock } from "../../src/values/zone-clock.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "America/Sao_Paulo",
  "Pacific/Apia",
  "Africa/Casablanca",
  "Asia/Tehran",
];

/** The first moment at which Luxon's clock of the zone shows the time. */
function luxonMs(wallMs: number, zone: string): number | undefined {
  const wall = DateTime.fromMillis(wallMs, { zone: "UTC" });
  const local = wall.setZone(zone, { keepLocalTime: true });
  if (local.hour !== wall.hour || local.minute !== wall.minute || local.day !== wall.day)
    return undefined;
  return Math.min(...local.getPossibleOffsets().map((one) => one.toMillis()));
}

test("a clock shows what Luxon's shows, at any time in any zone", () => {
  const time = fc.integer({ min: Date.UTC(2000, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 });
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), time, (zone, seconds) => {
      expect(zoneClock(zone).toMs(seconds * 1000)).toBe(luxonMs(seconds * 1000, zone));
    }),
  );
});

test("the half hours around every change of the clocks in 2024 to 2027 are as Luxon has them", () => {
  for (const zone of ZONES) {
    const { toMs } = zoneClock(zone);
    for (let ms = Date.UTC(2024, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 86_400_000) {
      const offset = DateTime.fromMillis(ms, { zone }).offset;
      if (DateTime.fromMillis(ms + 86_400_000, { zone }).offset === offset) continue;
      for (let wall = ms - 86_400_000; wall < ms + 2 * 86_400_000; wall += 1_800_000) {
        expect([zone, wall, toMs(wall)]).toEqual([zone, wall, luxonMs(wall, zone)]);
      }
    }
  }
});

test("a time that comes twice is the first, one that is left out is none", () => {
  const { toMs } = zoneClock("Europe/Berlin");
  expect(toMs(Date.UTC(2026, 9, 25, 2, 30))).toBe(Date.UTC(2026, 9, 25, 0, 30));
  expect(toMs(Date.UTC(2026, 2, 29, 2, 30))).toBeUndefined();
  expect(toMs(Date.UTC(2026, 2, 29, 3, 0))).toBe(Date.UTC(2026, 2, 29, 1, 0));
});

test("a day without a midnight begins with the change of the clocks", () => {
  const { startOfDay, toMs } = zoneClock("America/Sao_Paulo");
  expect(toMs(Date.UTC(2017, 9, 15))).toBeUndefined();
  expect(startOfDay(Date.UTC(2017, 9, 15))).toBe(Date.UTC(2017, 9, 15, 3));
  expect(startOfDay(Date.UTC(2017, 9, 16))).toBe(Date.UTC(2017, 9, 16, 2));
});

test("a zone that does not exist is named", () => {
  expect(() => zoneClock("Europe/Bärlin")).toThrow(
    "there is no zone Europe/Bärlin; expected an IANA name such as Europe/Berlin",
  );
  expect([isZone("Asia/Tokyo"), isZone("Tokyo")]).toEqual([true, false]);
});
