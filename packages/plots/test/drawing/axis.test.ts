import fc from "fast-check";
import { expect, test } from "vitest";
import { axisText, linearScale } from "../../src/drawing/axis.ts";

test("from 0 to a round value, ticks between", () => {
  const scale = linearScale([3, 87, 42], 200);
  expect(scale.domain).toEqual([0, 100]);
  expect(scale.ticks).toEqual([0, 20, 40, 60, 80, 100]);
  expect([scale.at(0), scale.at(50), scale.at(100)]).toEqual([0, 100, 200]);
});

test("nothing to show has a scale as well", () => {
  expect(linearScale([], 10).domain).toEqual([0, 1]);
  expect(linearScale([0, 0, Number.NaN], 10).domain).toEqual([0, 1]);
});

test("every value lies on the axis", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e15, max: 1e15 }), { minLength: 1 }),
      (values) => {
        const scale = linearScale(values, 300);
        for (const value of values) {
          expect(scale.at(value)).toBeGreaterThanOrEqual(-1e-6);
          expect(scale.at(value)).toBeLessThanOrEqual(300 + 1e-6);
        }
      },
    ),
  );
});

test("numbers of an axis are short", () => {
  expect([axisText(1_500_000), axisText(20_000), axisText(0.25)]).toEqual(["1.5M", "20K", "0.25"]);
});
