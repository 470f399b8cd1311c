import { expect, test } from "vitest";
import { isNothing } from "../../src/values/nothing.ts";

test.each(["", "\\N", "NULL", "null", "(null)", "#N/A", "(not set)", "undefined"])(
  "%j is nothing",
  (text) => {
    expect(isNothing(text)).toBe(true);
  },
);

test.each(["0", "-", "none", "nullify", "N", "(none)", "not set"])("%j is something", (text) => {
  expect(isNothing(text)).toBe(false);
});
