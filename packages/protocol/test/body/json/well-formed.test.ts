import fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../../../../../test/support/property-runs.ts";
import { wellFormedJson } from "../../../src/body/json/well-formed.ts";

it.each([
  ['"\\ud83d"', "\ufffd"],
  ['"\\uD83D\\uDE00"', "😀"],
  ['"\\ud83d\\ud83d\\ude00\\ude00"', "\ufffd😀\ufffd"],
  ['"\\\\ud83d"', "\\ud83d"],
  ['"\\\\\\ud83d"', "\\\ufffd"],
  ['{"\\ud83d":1}', { "\ufffd": 1 }],
])("%s", (text, value) => {
  expect(JSON.parse(wellFormedJson(text))).toEqual(value);
});

it("is what the runtime makes of any string", () => {
  const unit = fc.constantFrom("\ud83d", "\ude00", "\\", '"', "u", "d83d", "\n", "é", "😀");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      // Halves of pairs are written as escapes by JSON.stringify.
      expect(JSON.parse(wellFormedJson(JSON.stringify(text)))).toBe(text.toWellFormed());
    }),
    { numRuns: runs(1000) },
  );
});
