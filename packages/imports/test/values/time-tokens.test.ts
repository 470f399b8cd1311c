import { expect, test } from "vitest";
import { tokenParser } from "../../src/values/time-tokens.ts";

const MS = Date.UTC(2024, 0, 2, 3, 4, 5, 678);

test.each([
  ["s", "UTC", "1704164645.678", MS],
  ["ms", "UTC", String(MS), MS],
  ["us", "UTC", `${MS}999`, MS],
  ["ns", "UTC", `${MS}999999`, MS],
  ["dd.MM.yyyy HH:mm", "Europe/Berlin", "02.01.2024 04:04", MS - 5678],
  ["M/d/yyyy h:mm a", "America/New_York", "1/1/2024 10:04 PM", MS - 5678],
  ["dd/MMM/yyyy:HH:mm:ss ZZZ", "Asia/Tokyo", "02/Jan/2024:05:04:05 +0200", MS - 678],
  ["yyyyMMdd", "Europe/Berlin", "20240102", Date.UTC(2024, 0, 1, 23)],
])("as %s in %s, %s is a time", (format, zone, text, ms) => {
  expect(tokenParser(format, zone).parse(text)).toBe(ms);
});

test("whether a format includes the zone is said", () => {
  const own = ["yyyy-MM-dd ZZ", "yyyy-MM-dd 'Z'", "s"].map(
    (format) => tokenParser(format, "UTC").ownZone,
  );
  expect(own).toEqual([true, false, true]);
});

test("a time that a change of clocks leaves out is none, of one that comes twice it is the first", () => {
  const { parse } = tokenParser("yyyy-MM-dd HH:mm", "Europe/Berlin");
  expect(parse("2026-03-29 02:30")).toBeUndefined();
  expect(parse("2026-10-25 02:30")).toBe(Date.UTC(2026, 9, 25, 0, 30));
});

test.each(["HH:mm", "nonsense"])("%s is refused, as no day is in it", (format) => {
  expect(() => tokenParser(format, "UTC")).toThrow(
    `${format} is no format of times; expected s, ms, us, ns, or tokens that include the day`,
  );
});
