import { expect, test } from "vitest";
import { detectTimeFormats } from "../../src/values/detect-times.ts";

test("several formats in one column are found, each with its evidence", () => {
  const found = detectTimeFormats(
    [
      "07.11.2026 07:15",
      "2026-11-12T10:15:00Z",
      "10/23/2026 12:33 AM",
      "2026-11-15 23:34:00",
      "1794131280",
      "2026-10-25T00:33:00+02:00",
      "15.11.2026 00:26",
      "11/08/2026 09:36 AM",
      "",
    ],
    "Europe/Berlin",
  );
  expect(found.formats).toEqual(["iso", "dd.mm.yyyy", "mm/dd/yyyy", "seconds"]);
  expect(found.said).toEqual([
    'iso: 3 values such as "2026-11-12T10:15:00Z"',
    'dd.mm.yyyy: 2 values, day first as in "15.11.2026 00:26"',
    'mm/dd/yyyy: 2 values, month first as in "10/23/2026 12:33 AM"',
    'seconds: 1 value such as "1794131280"',
  ]);
  expect(found).toMatchObject({ open: [], read: 8, withoutZone: 5, unread: { count: 0 } });
  expect(found.parse("07.11.2026 07:15")).toBe(Date.UTC(2026, 10, 7, 6, 15));
  expect(found.parse("11/08/2026 09:36 AM")).toBe(Date.UTC(2026, 10, 8, 8, 36));
});

test("one date with a day above 12 decides for all with its separator", () => {
  const days = ["01/02/2026", "03/02/2026", "25/02/2026"];
  const found = detectTimeFormats(days, "UTC");
  expect(found.formats).toEqual(["dd/mm/yyyy"]);
  expect(days.map(found.parse)).toEqual([1, 3, 25].map((day) => Date.UTC(2026, 1, day)));
  expect(detectTimeFormats(["01/02/2026", "02/25/2026"], "UTC").formats).toEqual(["mm/dd/yyyy"]);
});

test("without such a date it is a question, and nothing is read by a guess", () => {
  const found = detectTimeFormats(["01/02/2026", "03/02/2026 10:00", "2026-02-25"], "UTC");
  expect(found.formats).toEqual(["iso"]);
  expect(found.open).toEqual([
    {
      candidates: ["dd/mm/yyyy", "mm/dd/yyyy"],
      examples: ["01/02/2026", "03/02/2026 10:00"],
      count: 2,
      reason: 'no date has a day above 12: "01/02/2026" may have the day or the month first',
    },
  ]);
  expect(found.parse("01/02/2026")).toBeUndefined();
});

test("a column that contradicts itself is a question about the dates that both orders read", () => {
  const found = detectTimeFormats(["25/02/2026", "02/25/2026", "01/02/2026"], "UTC");
  expect(found.formats).toEqual(["dd/mm/yyyy", "mm/dd/yyyy"]);
  expect(found.open).toMatchObject([
    {
      count: 1,
      examples: ["01/02/2026"],
      reason: '"25/02/2026" has the day first, "02/25/2026" the month',
    },
  ]);
  expect(found.parse("02/25/2026")).toBe(Date.UTC(2026, 1, 25));
  expect(found.parse("01/02/2026")).toBeUndefined();
});

test("points mean that the day is first, unless the column shows otherwise", () => {
  expect(detectTimeFormats(["01.02.2026"], "UTC")).toMatchObject({
    formats: ["dd.mm.yyyy"],
    open: [],
  });
  expect(detectTimeFormats(["01.02.2026", "02.25.2026"], "UTC").formats).toEqual(["mm.dd.yyyy"]);
});

test("what no format reads is counted, with examples", () => {
  const found = detectTimeFormats(["yesterday", "2026-11-20", "soon"], "UTC");
  expect(found.unread).toEqual({ count: 2, examples: ["yesterday", "soon"] });
});
