import fc from "fast-check";
import { expect, test } from "vitest";
import { textBar } from "../../src/index.ts";

test("a bar in eighths of a character", () => {
  expect([textBar(10, 10, 4), textBar(5, 10, 4), textBar(5.5, 10, 4)]).toEqual([
    "████",
    "██",
    "██▎",
  ]);
});

test("what is not 0 is seen, and what is below has no bar", () => {
  expect([textBar(1e-9, 10, 4), textBar(0, 10, 4), textBar(-1, 10, 4), textBar(1, 0, 4)]).toEqual([
    "▏",
    "",
    "",
    "",
  ]);
});

test("no bar is longer than its room, and a larger value has no shorter bar", () => {
  const value = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(value, value, fc.integer({ min: 1, max: 40 }), (a, b, width) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      expect(textBar(high, high, width).length).toBeLessThanOrEqual(width);
      expect(textBar(low, high, width).length).toBeLessThanOrEqual(
        textBar(high, high, width).length,
      );
    }),
  );
});
