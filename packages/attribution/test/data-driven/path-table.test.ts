import { expect, test } from "vitest";
import { tabulatePaths } from "../../src/data-driven/path-table.ts";

const counts = { conversions: 1, value: 2, nulls: 3 };

test("equal paths become one, and keep the order of their first", () => {
  const table = tabulatePaths([
    { path: ["A", "B"], ...counts },
    { path: [], ...counts },
    { path: ["B"], ...counts },
    { path: ["A", "B"], conversions: 4, value: 1, nulls: 0 },
  ]);
  expect(table.channels).toEqual(["A", "B"]);
  expect([...table.starts]).toEqual([0, 2, 2, 3]);
  expect([...table.touches]).toEqual([0, 1, 1]);
  expect([...table.conversions]).toEqual([5, 1, 1]);
  expect([...table.values]).toEqual([3, 2, 2]);
  expect([...table.nulls]).toEqual([3, 3, 3]);
});

test("paths of channel numbers take their names", () => {
  const table = tabulatePaths([{ path: Int32Array.of(1, 1, 0), ...counts }], ["A", "B"]);
  expect(table.channels).toEqual(["A", "B"]);
  expect([...table.touches]).toEqual([1, 1, 0]);
});

test.each([
  [
    { path: ["A"], ...counts, conversions: -1 },
    "rows[1].conversions: expected a finite number, 0 or more, got -1",
  ],
  [
    { path: ["A"], ...counts, nulls: Number.NaN },
    "rows[1].nulls: expected a finite number, 0 or more, got NaN",
  ],
  [
    { path: ["A"], ...counts, value: Infinity },
    "rows[1].value: expected a finite number, 0 or more, got Infinity",
  ],
  [
    { path: ["A"], ...counts, conversions: 0 },
    "rows[1].value: expected 0 where there is no conversion to carry it, got 2",
  ],
  [
    { path: Int32Array.of(0, 7), ...counts },
    "rows[1].path[1]: expected a channel number below 1, got 7",
  ],
])("%o is refused by name", (row, message) => {
  expect(() => tabulatePaths([{ path: [], ...counts }, row], ["A"])).toThrow(
    expect.objectContaining({ code: "paths_invalid", message }),
  );
});

test("two channels of one name are refused", () => {
  expect(() => tabulatePaths([], ["A", "A"])).toThrow("channels: expected names that differ");
});
