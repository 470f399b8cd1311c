import fc from "fast-check";
import { expect, test } from "vitest";
import { timeDecay } from "../../src/models/time-decay.ts";
import { anyPath, DAY_MS, pathOf, sumOf, weightsOf } from "./fixtures.ts";

test("worked example: ages of 14, 7 and 0 days give 1/7, 2/7, 4/7", () => {
  const weights = weightsOf(
    timeDecay,
    pathOf([{ ageMs: 14 * DAY_MS }, { ageMs: 7 * DAY_MS }, { ageMs: 0 }]),
  );
  expect(weights).toEqual([1 / 7, 2 / 7, 4 / 7]);
});

test("the half-life can be set", () => {
  const path = pathOf([{ ageMs: 2 * DAY_MS }, { ageMs: DAY_MS }]);
  const weights = weightsOf(
    (p, out, offset) => timeDecay(p, out, offset, { halfLifeMs: DAY_MS }),
    path,
  );
  expect(weights).toEqual([1 / 3, 2 / 3]);
});

test("touchpoints of the same age earn the same", () => {
  expect(weightsOf(timeDecay, pathOf([{ ageMs: 5 }, { ageMs: 5 }]))).toEqual([0.5, 0.5]);
});

test("one touchpoint earns everything, none writes nothing", () => {
  expect(weightsOf(timeDecay, pathOf([{ ageMs: DAY_MS }]))).toEqual([1]);
  expect(weightsOf(timeDecay, pathOf([]))).toEqual([]);
});

test("a path that ended so long ago that 2^(−Δt/h) is 0 still has its credit", () => {
  const ancientMs = 50_000 * DAY_MS;
  const weights = weightsOf(
    (path, out, offset) => timeDecay(path, out, offset, { halfLifeMs: 1 }),
    pathOf([{ ageMs: ancientMs + 1 }, { ageMs: ancientMs }]),
  );
  expect(2 ** -ancientMs).toBe(0);
  expect(weights).toEqual([1 / 3, 2 / 3]);
});

test("a touchpoint far older than the youngest earns 0, not NaN", () => {
  expect(weightsOf(timeDecay, pathOf([{ ageMs: 1e15 }, { ageMs: 0 }]))).toEqual([0, 1]);
});

test("shifting all ages changes nothing, and a later touchpoint never earns less", () => {
  fc.assert(
    fc.property(anyPath, fc.integer({ min: 0, max: 1000 * DAY_MS }), (path, shiftMs) => {
      const weights = weightsOf(timeDecay, path);
      const shifted = weightsOf(timeDecay, {
        ...path,
        ageMs: path.ageMs.map((ageMs) => ageMs + shiftMs),
      });
      expect(shifted).toEqual(weights);
      expect(weights).toEqual(weights.toSorted((a, b) => a - b));
      if (path.length > 0) expect(sumOf(weights)).toBeCloseTo(1, 12);
    }),
  );
});
