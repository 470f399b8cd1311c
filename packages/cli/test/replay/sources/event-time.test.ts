import { expect, test } from "vitest";
import { timeReader } from "../../../src/replay/sources/event-time.ts";

const MS = Date.UTC(2024, 0, 2, 3, 4, 5, 678);
const { read } = timeReader({});

test.each([
  [MS, MS],
  [String(MS), MS],
  [` ${MS} `, MS],
  ["1704164645", 1_704_164_645_000],
  [1_704_164_645, 1_704_164_645_000],
  ["1700000000.123", 1_700_000_000_123],
  ["1700000000.1239", 1_700_000_000_123],
  ["2024-01-02T03:04:05.678Z", MS],
  ["2024-01-02T05:04:05.678+02:00", MS],
  ["2024-01-02 03:04:05.678", MS],
  // Postgres, BigQuery and Snowflake, with and without a fraction.
  ["2024-01-02 03:04:05.678+00", MS],
  ["2024-01-02 03:04:05+00", MS - 678],
  ["2024-01-02 03:04:05 UTC", MS - 678],
  ["2024-01-02 03:04:05.678 +0000", MS],
  ["1704164645678999", MS],
  ["Tue, 02 Jan 2024 03:04:05 GMT", MS - 678],
  ["2024-01-02T03:04", Date.UTC(2024, 0, 2, 3, 4)],
  ["2024-01-02", Date.UTC(2024, 0, 2)],
])("%j is a time", (text, ms) => {
  expect(read(text)).toBe(ms);
});

test.each(["", "yesterday", "12345", "02/01/2024", "2024-13-01", "1e12", null, undefined, {}, -1])(
  "%j is none",
  (text) => {
    expect(read(text)).toBeUndefined();
  },
);

test.each([
  ["s", undefined, "1704164645.678", MS],
  ["ms", undefined, MS, MS],
  ["us", undefined, `${MS}999`, MS],
  ["dd.MM.yyyy HH:mm", "Europe/Berlin", "02.01.2024 04:04", MS - 5678],
  ["M/d/yyyy h:mm a", "America/New_York", "1/1/2024 10:04 PM", MS - 5678],
  ["yyyy-MM-dd HH:mm:ss.SSS", undefined, "2024-01-02 03:04:05.678", MS],
  ["dd/MMM/yyyy:HH:mm:ss ZZZ", "Asia/Tokyo", "02/Jan/2024:05:04:05 +0200", MS - 678],
  ["yyyyMMdd", "Europe/Berlin", "20240102", Date.UTC(2024, 0, 1, 23)],
  [undefined, "Europe/Berlin", "2024-07-02T05:04:05.678", Date.UTC(2024, 6, 2, 3, 4, 5, 678)],
  [undefined, "Europe/Berlin", "2024-01-02", Date.UTC(2024, 0, 1, 23)],
  [undefined, "Europe/Berlin", "2024-01-02T03:04:05.678Z", MS],
  [undefined, "Europe/Berlin", String(MS), MS],
])("as %s in %s, %s is a time", (format, zone, text, ms) => {
  expect(timeReader({ format, zone }).read(text)).toBe(ms);
});

test("where clocks change, a time that is left out is none, and of one that comes twice it is the first", () => {
  for (const format of [undefined, "yyyy-MM-dd HH:mm"]) {
    const { read, expected } = timeReader({ format, zone: "Europe/Berlin" });
    expect(read("2026-03-29 02:30")).toBeUndefined();
    expect(read("2026-03-29 03:00")).toBe(Date.UTC(2026, 2, 29, 1));
    expect(read("2026-10-25 02:30")).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(read("2026-10-25 03:30")).toBe(Date.UTC(2026, 9, 25, 2, 30));
    expect(expected).toContain("Europe/Berlin");
  }
});

test.each([
  ["s", "yesterday"],
  ["us", "-1"],
  ["dd.MM.yyyy", "2024-01-02"],
  ["dd.MM.yyyy", "31.02.2024"],
])("as %s, %s is no time", (format, text) => {
  expect(timeReader({ format }).read(text)).toBeUndefined();
});

test.each([
  [{ zone: "Berlin" }, "--time-zone Berlin: there is no zone Berlin; expected an IANA name"],
  [
    { format: "HH:mm" },
    "--time-format HH:mm: HH:mm is no format of times; expected s, ms, us, ns, or tokens",
  ],
  [{ format: "nonsense" }, "--time-format nonsense: nonsense is no format of times; expected"],
])("%j is refused", (options, message) => {
  expect(() => timeReader(options)).toThrow(message);
});
