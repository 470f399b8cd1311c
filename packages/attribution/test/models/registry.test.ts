import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttributionError } from "../../src/errors.ts";
import { firstTouch } from "../../src/models/first-touch.ts";
import { lastNonDirect } from "../../src/models/last-non-direct.ts";
import { lastTouch } from "../../src/models/last-touch.ts";
import { linear } from "../../src/models/linear.ts";
import { positionBased } from "../../src/models/position-based.ts";
import {
  creditAll,
  DEFAULT_MODEL_OPTIONS,
  MODEL_NAMES,
  validateModelOptions,
} from "../../src/models/registry.ts";
import { timeDecay } from "../../src/models/time-decay.ts";
import { anyPath, DAY_MS, pathOf, plainPath, sumOf, weightsOf } from "./fixtures.ts";

describe("creditAll", () => {
  const modelsInOrder = [firstTouch, lastTouch, lastNonDirect, linear, positionBased, timeDecay];

  test("writes each model's weights in the order of MODEL_NAMES", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const out = new Float64Array(MODEL_NAMES.length * path.length + 1).fill(-7);
        creditAll(path, DEFAULT_MODEL_OPTIONS, out);
        const expected = modelsInOrder.flatMap((model) => weightsOf(model, path));
        expect([...out]).toEqual([...expected, -7]);
      }),
    );
  });

  test("every model's weights are 0 to 1 and sum to 1", () => {
    fc.assert(
      fc.property(
        anyPath.filter((path) => path.length > 0),
        (path) => {
          const out = new Float64Array(MODEL_NAMES.length * path.length);
          creditAll(path, DEFAULT_MODEL_OPTIONS, out);
          for (let m = 0; m < MODEL_NAMES.length; m += 1) {
            const weights = [...out.subarray(m * path.length, (m + 1) * path.length)];
            expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
            expect(sumOf(weights)).toBeCloseTo(1, 12);
          }
        },
      ),
    );
  });

  test("arrays that a longer path used before do not shine through", () => {
    const out = new Float64Array(MODEL_NAMES.length * 5);
    creditAll(plainPath(5), DEFAULT_MODEL_OPTIONS, out);
    creditAll(pathOf([{ ageMs: 7 * DAY_MS }, { direct: true }]), DEFAULT_MODEL_OPTIONS, out);
    expect([...out.subarray(0, 10)]).toEqual([1, 0, 0, 1, 1, 0, 0.5, 0.5, 0.5, 0.5]);
    expect([...out.subarray(10, 12)]).toEqual([1 / 3, 2 / 3]);
  });

  test("uses the options", () => {
    const options = validateModelOptions({
      positionBased: { firstWeight: 0.2, lastWeight: 0.6 },
      timeDecay: { halfLifeMs: DAY_MS },
    });
    const out = new Float64Array(MODEL_NAMES.length * 2);
    creditAll(pathOf([{ ageMs: DAY_MS }, { ageMs: 0 }]), options, out);
    expect(out[8]).toBeCloseTo(0.25, 14);
    expect(out[10]).toBeCloseTo(1 / 3, 14);
  });

  test("an output that is too short is a broken invariant", () => {
    expect(() => creditAll(plainPath(3), DEFAULT_MODEL_OPTIONS, new Float64Array(17))).toThrow(
      RangeError,
    );
  });
});

describe("validateModelOptions", () => {
  test.each([
    undefined,
    {},
    { positionBased: {} },
    { positionBased: undefined, timeDecay: { halfLifeMs: undefined } },
  ])("what is left out takes its default: %o", (input) => {
    expect(validateModelOptions(input)).toEqual(DEFAULT_MODEL_OPTIONS);
  });

  test("the defaults are 0.4, 0.4 and seven days", () => {
    expect(DEFAULT_MODEL_OPTIONS).toEqual({
      positionBased: { firstWeight: 0.4, lastWeight: 0.4 },
      timeDecay: { halfLifeMs: 7 * DAY_MS },
    });
  });

  test("takes what is set, and freezes it", () => {
    const options = validateModelOptions({
      positionBased: { firstWeight: 1, lastWeight: 0 },
      timeDecay: { halfLifeMs: 1 },
    });
    expect(options).toEqual({
      positionBased: { firstWeight: 1, lastWeight: 0 },
      timeDecay: { halfLifeMs: 1 },
    });
    expect(
      Object.isFrozen(options) &&
        Object.isFrozen(options.positionBased) &&
        Object.isFrozen(options.timeDecay),
    ).toBe(true);
  });

  test.each([
    [null, "options: expected an object with positionBased, timeDecay, got null"],
    [[], "options: expected an object with positionBased, timeDecay, got a value of type object"],
    ["linear", 'options: expected an object with positionBased, timeDecay, got "linear"'],
    [
      { timedecay: {} },
      'options.timedecay: expected only the fields positionBased, timeDecay, got "timedecay"',
    ],
    [{ timeDecay: 7 }, "timeDecay: expected an object with halfLifeMs, got 7"],
    [
      { timeDecay: { halfLifeMs: 0 } },
      "timeDecay.halfLifeMs: expected a finite number of milliseconds, 1 or more, got 0",
    ],
    [
      { timeDecay: { halfLifeMs: Infinity } },
      "timeDecay.halfLifeMs: expected a finite number of milliseconds, 1 or more, got Infinity",
    ],
    [
      { timeDecay: { halfLifeMs: Number.NaN } },
      "timeDecay.halfLifeMs: expected a finite number of milliseconds, 1 or more, got NaN",
    ],
    [
      { timeDecay: { halfLifeMs: "7d" } },
      'timeDecay.halfLifeMs: expected a finite number of milliseconds, 1 or more, got "7d"',
    ],
    [
      { timeDecay: { halfLifeMs: null } },
      "timeDecay.halfLifeMs: expected a finite number of milliseconds, 1 or more, got null",
    ],
    [
      { positionBased: { firstWeight: -0.1 } },
      "positionBased.firstWeight: expected a number from 0 to 1, got -0.1",
    ],
    [
      { positionBased: { lastWeight: 1.1 } },
      "positionBased.lastWeight: expected a number from 0 to 1, got 1.1",
    ],
    [
      { positionBased: { lastWeight: Number.NaN } },
      "positionBased.lastWeight: expected a number from 0 to 1, got NaN",
    ],
    [
      { positionBased: { firstWeight: 0.75 } },
      "positionBased: expected firstWeight + lastWeight of at most 1, got 1.15",
    ],
  ])("%o is refused by name", (input, message) => {
    expect(() => validateModelOptions(input)).toThrow(
      new AttributionError("model_options_invalid", message),
    );
  });
});
