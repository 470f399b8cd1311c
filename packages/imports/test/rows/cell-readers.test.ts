import { expect, test } from "vitest";
import type { Mapping } from "../../src/mapping/mapping.ts";
import { FieldReader } from "../../src/rows/cell-readers.ts";

const MAPPING: Mapping = {
  version: 1,
  kind: "events",
  columns: {
    customer: { field: "userId" },
    email: { field: "userId" },
    what: { field: "type", values: { order: "conversion" } },
  },
};
const COLUMNS = ["customer", "email", "what"];

test("of several columns the first that holds something counts", () => {
  const reader = new FieldReader("userId", MAPPING, COLUMNS);
  for (const nothing of ["", " ", "NULL", "\\N", "(not set)"]) {
    expect(reader.text([nothing, "a@example.com", ""])).toBe("a@example.com");
    expect(reader.column?.name).toBe("email");
  }
  expect(reader.text([" u1 ", "a@example.com", ""])).toBe("u1");
  expect([reader.text(["null", "", ""]), reader.isFilled]).toEqual(["", false]);
});

test("a word means what the mapping says, and nothing that every object has", () => {
  const reader = new FieldReader("type", MAPPING, COLUMNS);
  expect(reader.word(["", "", "Order"])).toBe("conversion");
  expect(reader.word(["", "", "constructor"])).toBe("constructor");
});
