import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttributionError } from "../../src/errors.ts";
import { readCustomModel } from "../../src/models/custom/custom-model.ts";
import {
  DEFAULT_JOURNEY_MODEL_OPTIONS,
  JOURNEY_MODEL_NAMES,
  journeyModel,
  validateJourneyModelOptions,
} from "../../src/models/journey-models.ts";
import { creditAll, DEFAULT_MODEL_OPTIONS, MODEL_NAMES } from "../../src/models/registry.ts";
import { anyJourney, DAY_MS, journeyOf, sumOf, weightsOf } from "./fixtures.ts";

test("every model's weights sum to 1", () => {
  fc.assert(
    fc.property(anyJourney, fc.constantFrom(...JOURNEY_MODEL_NAMES), (path, name) => {
      expect(sumOf(weightsOf(journeyModel(name), path))).toBeCloseTo(1, 12);
    }),
  );
});

test("the stream's models are the same on demand", () => {
  fc.assert(
    fc.property(anyJourney, (path) => {
      const out = new Float64Array(MODEL_NAMES.length * path.length);
      creditAll(path, DEFAULT_MODEL_OPTIONS, out);
      for (const [m, name] of MODEL_NAMES.entries()) {
        const streamed = [...out.subarray(m * path.length, (m + 1) * path.length)];
        expect(weightsOf(journeyModel(name), path)).toEqual(streamed);
      }
    }),
  );
});

test("a model as data is one like the others", () => {
  const model = readCustomModel({ name: "ours", channels: { direct: 0 } }, JOURNEY_MODEL_NAMES);
  const path = journeyOf([{ channel: "email" }, { channel: "direct" }]);
  expect(weightsOf(journeyModel(model), path)).toEqual([1, 0]);
});

test("options reach their models", () => {
  const options = validateJourneyModelOptions({
    timeDecay: { halfLifeMs: DAY_MS },
    positionBased: { firstWeight: 0.5, lastWeight: 0.5 },
    wShaped: { firstWeight: 1, leadWeight: 0, lastWeight: 0 },
  });
  const path = journeyOf([{ ageMs: DAY_MS }, {}, {}], 1);
  const [oldest, , youngest] = weightsOf(journeyModel("time_decay", options), path);
  expect((youngest ?? 0) / (oldest ?? 0)).toBeCloseTo(2, 12);
  expect(weightsOf(journeyModel("position_based", options), path)).toEqual([0.5, 0, 0.5]);
  expect(weightsOf(journeyModel("w_shaped", options), path)).toEqual([1, 0, 0]);
});

describe("validateJourneyModelOptions", () => {
  test("what is left out takes its default", () => {
    expect(validateJourneyModelOptions(undefined)).toEqual(DEFAULT_JOURNEY_MODEL_OPTIONS);
    expect(validateJourneyModelOptions({ wShaped: { leadWeight: 0.1 } }).wShaped).toEqual({
      firstWeight: 0.3,
      leadWeight: 0.1,
      lastWeight: 0.3,
    });
  });

  test.each([
    [
      { w_shaped: {} },
      'options.w_shaped: expected only the fields positionBased, timeDecay, wShaped, got "w_shaped"',
    ],
    [
      { timeDecay: { halfLifeMs: 0 } },
      "timeDecay.halfLifeMs: expected a finite number of milliseconds, 1 or more, got 0",
    ],
    [
      { wShaped: { leadWeight: null } },
      "wShaped.leadWeight: expected a number from 0 to 1, got null",
    ],
    [
      { wShaped: { leadWeight: 0.5 } },
      "wShaped: expected firstWeight + leadWeight + lastWeight of at most 1, got 1.1",
    ],
  ])("%j is refused by name", (input, message) => {
    expect(() => validateJourneyModelOptions(input)).toThrow(
      new AttributionError("model_options_invalid", message),
    );
  });
});
