import fc from "fast-check";
import type { WarehouseEngine } from "@tributary/warehouse";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import {
  firstDayFrom,
  instantOfWallClock,
  localText,
  nextDay,
  startOfDay,
  wallClock,
} from "../../src/question/local-time.ts";
import { temporaryWarehouse } from "../support/parts.ts";

const HOUR_MS = 3_600_000;
const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/Sao_Paulo",
  "America/New_York",
  "America/Havana",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
];

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

describe("a local day begins", () => {
  test.each([
    ["2026-11-01", "UTC", "2026-11-01T00:00:00.000Z"],
    ["2026-11-01", "Europe/Berlin", "2026-10-31T23:00:00.000Z"],
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    ["2026-11-01", "Asia/Kathmandu", "2026-10-31T18:15:00.000Z"],
    // The clocks went from 24:00 to 01:00, and back from 24:00 to 23:00.
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
    ["2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00.000Z"],
    // Midnight comes twice: the first one begins the day.
    ["2026-11-01", "America/Havana", "2026-11-01T04:00:00.000Z"],
    // There was no such day.
    ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    ["2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    ["1970-01-01", "Europe/Berlin", "1969-12-31T23:00:00.000Z"],
  ])("%s in %s: %s", (day, zone, at) => {
    expect(new Date(startOfDay(day, zone)).toISOString()).toBe(at);
  });

  test.each([
    ["Europe/Berlin", "2026-03-29", 23],
    ["Europe/Berlin", "2026-10-25", 25],
    ["Europe/Berlin", "2026-10-26", 24],
    ["America/Sao_Paulo", "2018-11-04", 23],
    ["America/Sao_Paulo", "2018-02-17", 25],
    ["Australia/Lord_Howe", "2026-04-05", 24.5],
    ["Pacific/Apia", "2011-12-30", 0],
  ])("in %s %s has %d hours", (zone, day, hours) => {
    expect((startOfDay(nextDay(day), zone) - startOfDay(day, zone)) / HOUR_MS).toBe(hours);
  });
});

test("a wall clock that was skipped is none, and of two the first counts", () => {
  const at = (text: string, zone: string) => instantOfWallClock(Date.parse(`${text}Z`), zone);
  expect(at("2026-03-29T02:30", "Europe/Berlin")).toBeUndefined();
  expect(at("2026-03-29T03:00", "Europe/Berlin")).toBe(Date.UTC(2026, 2, 29, 1));
  expect(at("2026-10-25T02:30", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 0, 30));
  expect(at("2026-10-25T03:00", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 2));
});

test("an instant is written with its zone's offset", () => {
  expect(localText(Date.UTC(2026, 9, 25, 1, 30), "Europe/Berlin")).toBe(
    "2026-10-25T02:30:00.000+01:00",
  );
  expect(localText(0, "America/St_Johns")).toBe("1969-12-31T20:30:00.000-03:30");
});

/** The warehouse has a library of its own, and rules of its own: it judges ours. */
test("days begin where the warehouse's days begin, in every zone of the world's odd ones", async () => {
  const day = fc
    .integer({ min: Date.UTC(2005, 0, 1) / 864e5, max: Date.UTC(2036, 11, 31) / 864e5 })
    .map((days) => new Date(days * 864e5).toISOString().slice(0, 10));
  await fc.assert(
    fc.asyncProperty(fc.array(day, { minLength: 20, maxLength: 60 }), async (days) => {
      for (const zone of ZONES) {
        const starts = days.map((of) => startOfDay(of, zone));
        const rows = await engine.query<{ first: string; last: string; wall: string }>(
          `SELECT toString(toDate(at, {zone:String})) AS first, toString(toDate(at - toIntervalMillisecond(1), {zone:String})) AS last,
  formatDateTime(at, '%Y-%m-%d %H:%i:%S', {zone:String}) AS wall
FROM (SELECT fromUnixTimestamp64Milli(toInt64(arrayJoin({starts:Array(String)})), 'UTC') AS at)`,
          { zone, starts: starts.map(String) },
        );
        for (const [i, { first, last, wall }] of rows.entries()) {
          const asked = days[i] ?? "";
          const start = starts[i] ?? 0;
          expect({ zone, asked, isBefore: last < asked }).toEqual({ zone, asked, isBefore: true });
          expect({ zone, asked, isFrom: first >= asked }).toEqual({ zone, asked, isFrom: true });
          expect(
            new Date(wallClock(start, zone)).toISOString().slice(0, 19).replace("T", " "),
          ).toBe(wall);
          expect(firstDayFrom(start, zone)).toBe(first);
          expect(firstDayFrom(start + 1, zone) > first).toBe(true);
        }
      }
    }),
    { numRuns: runs(4) },
  );
});
