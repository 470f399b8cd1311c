import { expect, test } from "vitest";
import { barColumns, withBars } from "../../src/report/table-bars.ts";

const TABLE = `channel  linear
───────────────
email      5.00
direct    10.00
───────────────
total     15.00`;

test("a bar behind each row, none behind the total", () => {
  expect(withBars(TABLE, [5, 10], 25)).toBe(`channel  linear
───────────────
email      5.00  ████
direct    10.00  ████████
───────────────
total     15.00`);
});

test("without room, or anything to show, the table stays as it is", () => {
  expect(withBars(TABLE, [5, 10], 24)).toBe(TABLE);
  expect(withBars(TABLE, [0, 0], 200)).toBe(TABLE);
});

test("a program gets no bars", () => {
  const terminal = {
    print: () => undefined,
    note: () => undefined,
    interactive: true,
    columns: 80,
  };
  expect(barColumns({ ...terminal, answerInteractive: true })).toBe(80);
  expect(barColumns({ ...terminal, answerInteractive: false })).toBe(0);
});
