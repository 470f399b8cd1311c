import fc from "fast-check";
import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import { TIME_FORMATS, type TimeFormat } from "../../src/values/time-formats.ts";
import { timeParser, UNAMBIGUOUS_FORMATS } from "../../src/values/time-parser.ts";

const parse = timeParser(UNAMBIGUOUS_FORMATS, "UTC");
const MS = Date.UTC(2026, 10, 20, 10, 0, 0);

describe("times as databases and tools write them", () => {
  test.each([
    // Postgres and Redshift
    ["2026-11-20 10:00:00+00", MS],
    ["2026-11-20 10:00:00.1+00", MS + 100],
    ["2026-11-20 10:00:00.123456+00", MS + 123],
    ["2026-11-20 15:30:00+05:30", MS],
    ["2026-11-20 10:00:00", MS],
    ["2026-11-20 05:00:00-05", MS],
    ["2026-11-20T10:00:00+00", MS],
    // BigQuery
    ["2026-11-20 10:00:00 UTC", MS],
    ["2026-11-20 10:00:00.123456 UTC", MS + 123],
    ["2026-11-20 02:00:00 America/Los_Angeles", MS],
    ["1.7951688E9", MS],
    ["1.795168800123456E9", MS + 123],
    // Snowflake
    ["2026-11-20 10:00:00.123456789 +0000", MS + 123],
    ["2026-11-20 11:00:00.500 +0100", MS + 500],
    ["Fri, 20 Nov 2026 10:00:00 +0000", MS],
    // ISO 8601
    ["2026-11-20T10:00:00Z", MS],
    ["2026-11-20T10:00:00,5Z", MS + 500],
    ["2026-11-20T11:00+01:00", MS],
    ["2026-11-20T11:00:00+01:00[Europe/Berlin]", MS],
    ["20261120T100000Z", MS],
    ["20261120100000", MS],
    ["20261120", MS - 36_000_000],
    ["2026-11-20", MS - 36_000_000],
    ["2026/11/20 10:00", MS],
    ["2026-11-19T24:00", MS - 36_000_000],
    // RFC 2822, RFC 850, JavaScript, C, Apache, people
    ["Fri, 20 Nov 2026 05:00:00 EST", MS],
    ["Friday, 20-Nov-26 10:00:00 GMT", MS],
    ["Fri Nov 20 2026 11:00:00 GMT+0100 (Central European Standard Time)", MS],
    ["Fri Nov 20 10:00:00 2026", MS],
    ["Fri Nov 20 10:00:00.5 2026 UTC", MS + 500],
    ["Fri Nov 20 05:00:00 EST 2026", MS],
    // Oracle and SQL Server
    ["20-NOV-26 10.00.00.123456 AM +00:00", MS + 123],
    ["2026-11-20 11:00:00.1234567 +01:00", MS + 123],
    ["20/Nov/2026:10:00:00 +0000", MS],
    ["Nov 20, 2026, 10:00:00 AM", MS],
    ["November 20, 2026 10:00 am", MS],
    ["20. November 2026 10:00", MS],
    ["20. Nov. 2026, 10:00:00", MS],
    ["20 novembre 2026 10:00", MS],
    ["20 de noviembre de 2026", MS - 36_000_000],
    // since 1970
    ["1795168800", MS],
    ["1795168800.1239", MS + 123],
    ["1795168800123", MS + 123],
    ["1795168800123456", MS + 123],
    ["1795168800123456789", MS + 123],
    [" 1795168800 ", MS],
  ])("%s", (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  test.each([
    "",
    "yesterday",
    "12345",
    "02/01/2024",
    "2024-13-01",
    "2023-02-29",
    "2026-11-20 25:00",
    "2026-11-20 10:60",
    "2026-11-20 13:00 PM",
    "2026-11-20 10:00:00 XYZ",
    "2026-11-20 10:00:00 Europe/Nowhere",
    "2026-11-20 10:00:00+99",
    "1.79517E+09",
    "infinity",
    "31 Nov 2026",
    "20 Foo 2026",
  ])("%j is none", (text) => {
    expect(parse(text)).toBeUndefined();
  });
});

test("a spreadsheet's days are local times of the zone", () => {
  const excel = timeParser(["excel"], "Europe/Berlin");
  expect(excel("46346.5")).toBe(Date.UTC(2026, 10, 20, 11));
  expect(excel("46346.416666667")).toBe(Date.UTC(2026, 10, 20, 9));
  expect(excel("46346")).toBe(Date.UTC(2026, 10, 19, 23));
  expect([excel("12345"), excel("99999")]).toEqual([undefined, undefined]);
});

test("half days begin at 12", () => {
  const american = timeParser(["mm/dd/yyyy"], "UTC");
  expect(american("10/23/2026 12:33 AM")).toBe(Date.UTC(2026, 9, 23, 0, 33));
  expect(american("10/23/2026 12:33 PM")).toBe(Date.UTC(2026, 9, 23, 12, 33));
  expect(american("1/2/26 3:04:05 p.m.")).toBe(Date.UTC(2026, 0, 2, 15, 4, 5));
  expect(american("23/10/2026")).toBeUndefined();
});

test("with both orders only what one of them reads is a time", () => {
  const either = timeParser(["dd/mm/yyyy", "mm/dd/yyyy"], "UTC");
  expect(either("13/11/2026")).toBe(Date.UTC(2026, 10, 13));
  expect(either("11/13/2026")).toBe(Date.UTC(2026, 10, 13));
  expect(either("11/11/2026")).toBe(Date.UTC(2026, 10, 11));
  expect(either("11/12/2026")).toBeUndefined();
});

test("an unknown format or zone is named with what is expected", () => {
  expect(() => timeParser(["iso", "dmy" as TimeFormat], "UTC")).toThrow(
    "dmy is no format of times; expected iso, dd.mm.yyyy",
  );
  expect(() => timeParser(["constructor" as TimeFormat], "UTC")).toThrow("is no format of times");
  expect(() => timeParser(["iso"], "Berlin")).toThrow("there is no zone Berlin");
});

/** Luxon's tokens of each format that has some, with which precision, and whether a zone stands in it. */
const LUXON: readonly (readonly [TimeFormat, string, number, boolean])[] = [
  ["iso", "yyyy-MM-dd'T'HH:mm:ss.SSSZZ", 1, true],
  ["iso", "yyyy-MM-dd HH:mm:ss.SSS", 1, false],
  ["iso", "yyyy/MM/dd HH:mm", 60_000, false],
  ["iso", "yyyyMMddHHmmss", 1000, false],
  ["dd.mm.yyyy", "dd.MM.yyyy HH:mm", 60_000, false],
  ["mm/dd/yyyy", "MM/dd/yyyy hh:mm a", 60_000, false],
  ["mm/dd/yyyy", "M/d/yy, h:mm:ss a", 1000, false],
  ["dd/mm/yyyy", "d/M/yyyy HH:mm:ss", 1000, false],
  ["dd-mm-yyyy", "dd-MM-yyyy HH:mm", 60_000, false],
  ["mm-dd-yyyy", "MM-dd-yyyy HH:mm:ss ZZZ", 1000, true],
  ["month name", "EEE, dd MMM yyyy HH:mm:ss ZZZ", 1000, true],
  ["month name", "MMMM d, yyyy h:mm a", 60_000, false],
  ["seconds", "X", 1000, true],
  ["milliseconds", "x", 1, true],
];

test("what Luxon writes in a format and zone is read as the moment it was", () => {
  const zone = fc.constantFrom(
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
  );
  const moment = fc.integer({ min: Date.UTC(2001, 8, 10), max: Date.UTC(2036, 11, 31) });
  fc.assert(
    fc.property(
      fc.constantFrom(...LUXON),
      zone,
      moment,
      ([format, tokens, unitMs, hasZone], name, given) => {
        const ms = Math.floor(given / unitMs) * unitMs;
        const local = DateTime.fromMillis(ms, { zone: name, locale: "en" });
        const expected = hasZone
          ? ms
          : Math.min(...local.getPossibleOffsets().map((one) => one.toMillis()));
        expect(timeParser([format], name)(local.toFormat(tokens))).toBe(expected);
      },
    ),
  );
});

test("every format reads its own example", () => {
  for (const [format, example] of Object.entries(TIME_FORMATS)) {
    const ms = timeParser([format as TimeFormat], "UTC")(example);
    expect({ format, isNear: Math.abs((ms ?? 0) - MS) < 200 }).toEqual({ format, isNear: true });
  }
});
