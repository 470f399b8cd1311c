import { expect, test } from "vitest";
import { DARK, DARK_SERIES, LIGHT, LIGHT_SERIES, seriesClass } from "../../src/drawing/theme.ts";

/** Relative luminance. Source: WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test.each([
  ["light", LIGHT, LIGHT_SERIES],
  ["dark", DARK, DARK_SERIES],
])(
  "%s: series differ from the ground by 3:1, texts by 4.5:1",
  (_, { ground, ink, faint }, series) => {
    for (const colour of series) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(3);
    for (const colour of [ink, faint]) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(4.5);
    expect(new Set(series).size).toBe(8);
  },
);

test("after the eighth series the colours come again", () => {
  expect([seriesClass(0), seriesClass(7), seriesClass(8)]).toEqual(["s0", "s7", "s0"]);
});
