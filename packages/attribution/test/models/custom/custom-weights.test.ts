import fc from "fast-check";
import { expect, test } from "vitest";
import { readCustomModel } from "../../../src/models/custom/custom-model.ts";
import { customWeights } from "../../../src/models/custom/custom-weights.ts";
import { positionBased } from "../../../src/models/position-based.ts";
import { timeDecay } from "../../../src/models/time-decay.ts";
import { anyJourney, DAY_MS, journeyOf, sumOf, weightsOf } from "../fixtures.ts";

function weightsBy(fields: object, path: ReturnType<typeof journeyOf>): number[] {
  const model = readCustomModel({ name: "ours", ...fields }, []);
  return weightsOf((p, out, offset) => customWeights(model, p, out, offset), path);
}

const byChannel = (...channels: string[]) => journeyOf(channels.map((channel) => ({ channel })));

test("worked example: direct 0 and email 2, search → email → direct gives ⅓, ⅔, 0", () => {
  const channels = { direct: 0, email: 2 };
  expect(weightsBy({ channels }, byChannel("search", "email", "direct"))).toEqual([
    1 / 3,
    2 / 3,
    0,
  ]);
});

test("a path on which every product is 0 is credited by position", () => {
  const fields = { channels: { direct: 0 }, position: { first: 0.2, middle: 0, last: 0.8 } };
  expect(weightsBy(fields, byChannel("direct", "direct", "direct"))).toEqual([0.2, 0, 0.8]);
});

test("by type and by steps of age", () => {
  const path = journeyOf([
    { type: "impression", ageMs: 3 * DAY_MS },
    { type: "click", ageMs: 2 * DAY_MS },
    { type: "impression", ageMs: DAY_MS },
    { type: "visit", ageMs: 0 },
  ]);
  const age = {
    steps: [
      { upToMs: DAY_MS, weight: 4 },
      { upToMs: 2 * DAY_MS, weight: 2 },
    ],
  };
  expect(weightsBy({ types: { impression: 0.5 } }, path)).toEqual([1 / 6, 1 / 3, 1 / 6, 1 / 3]);
  expect(weightsBy({ age }, path)).toEqual([0, 0.2, 0.4, 0.4]);
  expect(weightsBy({ age: { ...age, beyond: 2 } }, path)).toEqual([2 / 12, 2 / 12, 4 / 12, 4 / 12]);
});

test("what is far older than a touchpoint that earns nothing still earns", () => {
  const path = journeyOf([
    { channel: "email", ageMs: 50_000 * DAY_MS },
    { channel: "direct", ageMs: 0 },
  ]);
  expect(weightsBy({ channels: { direct: 0 }, age: { halfLifeMs: 1 } }, path)).toEqual([1, 0]);
});

test("with a half-life alone it is time_decay, with shares alone position_based", () => {
  fc.assert(
    fc.property(anyJourney, (path) => {
      const decayed = weightsBy({ age: { halfLifeMs: DAY_MS } }, path);
      const expected = weightsOf((p, out, o) => timeDecay(p, out, o, { halfLifeMs: DAY_MS }), path);
      for (const [i, weight] of decayed.entries()) expect(weight).toBeCloseTo(expected[i] ?? 0, 12);
      const shared = weightsBy({ position: { first: 0.4, middle: 0.2, last: 0.4 } }, path);
      const ends = weightsOf(positionBased, path);
      for (const [i, weight] of shared.entries()) expect(weight).toBeCloseTo(ends[i] ?? 0, 12);
    }),
  );
});

test("weights sum to 1 and none is negative, whatever the model", () => {
  const weight = fc.double({ min: 0, max: 1_000_000, noNaN: true });
  const models = fc.record(
    {
      position: fc.constantFrom(
        { first: 0, middle: 1, last: 0 },
        { first: 0.3, middle: 0, last: 0.7 },
      ),
      channels: fc.dictionary(fc.constantFrom("search", "email", "direct"), weight),
      types: fc.record({ impression: weight, click: weight }, { requiredKeys: [] }),
      age: fc.oneof(
        fc.record({ halfLifeMs: fc.integer({ min: 1, max: 100 * DAY_MS }) }),
        fc.record({ steps: fc.constant([{ upToMs: DAY_MS, weight: 1 }]), beyond: weight }),
      ),
    },
    { requiredKeys: ["types"] },
  );
  fc.assert(
    fc.property(models, anyJourney, (fields, path) => {
      const weights = weightsBy(fields, path);
      expect(sumOf(weights)).toBeCloseTo(1, 9);
      expect(weights.every((value) => value >= 0 && value <= 1)).toBe(true);
    }),
  );
});
