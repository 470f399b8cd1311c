import { customWeights } from "./custom-weights.ts";
import type { CustomModel } from "./custom-model.ts";
import { FieldReader } from "./fields.ts";
import { firstTouch } from "./first-touch.ts";
import { inverseJ } from "./inverse-j.ts";
import { jShaped } from "./j-shaped.ts";
import type { JourneyPath } from "./journey-path.ts";
import { lastNonDirect } from "./last-non-direct.ts";
import { lastTouch } from "./last-touch.ts";
import { linear } from "./linear.ts";
import { positionBased } from "./position-based.ts";
import {
  DEFAULT_MODEL_OPTIONS,
  MODEL_NAMES,
  validateModelOptions,
  type ModelOptions,
} from "./registry.ts";
import { timeDecay } from "./time-decay.ts";
import { DEFAULT_W_SHAPED, wShaped, type WShapedOptions } from "./w-shaped.ts";

/** Every rule-based model that can be computed from a whole path: the stream's, and those on demand. */
export const JOURNEY_MODEL_NAMES = [...MODEL_NAMES, "w_shaped", "j_shaped", "inverse_j"] as const;

export type JourneyModelName = (typeof JOURNEY_MODEL_NAMES)[number];

/** Three shares that make 1 may sum to a little more in float64. */
const SUM_TOLERANCE = 1e-9;

/** What of the models can be set. Make one with {@link validateJourneyModelOptions}. */
export interface JourneyModelOptions extends ModelOptions {
  readonly wShaped: WShapedOptions;
}

export const DEFAULT_JOURNEY_MODEL_OPTIONS: JourneyModelOptions = Object.freeze({
  ...DEFAULT_MODEL_OPTIONS,
  wShaped: DEFAULT_W_SHAPED,
});

/** Writes the weights of a path's touchpoints at an offset: they sum to 1; nothing for an empty path. */
export type JourneyModel = (path: JourneyPath, weights: Float64Array, offset: number) => void;

/** A model by its name, or as data. */
export function journeyModel(
  model: JourneyModelName | CustomModel,
  options: JourneyModelOptions = DEFAULT_JOURNEY_MODEL_OPTIONS,
): JourneyModel {
  if (typeof model === "object") {
    return (path, weights, offset) => customWeights(model, path, weights, offset);
  }
  switch (model) {
    case "first_touch":
      return firstTouch;
    case "last_touch":
      return lastTouch;
    case "last_non_direct":
      return lastNonDirect;
    case "linear":
      return linear;
    case "position_based":
      return (path, weights, offset) => positionBased(path, weights, offset, options.positionBased);
    case "time_decay":
      return (path, weights, offset) => timeDecay(path, weights, offset, options.timeDecay);
    case "w_shaped":
      return (path, weights, offset) => wShaped(path, weights, offset, options.wShaped);
    case "j_shaped":
      return jShaped;
    case "inverse_j":
      return inverseJ;
  }
}

/**
 * Reads the options of all journey models from unknown input. What is left out takes its default.
 * @throws AttributionError `model_options_invalid`, naming the field and what was expected
 */
export function validateJourneyModelOptions(input: unknown): JourneyModelOptions {
  const read = new FieldReader("model_options_invalid");
  const fields = read.object(input, "options", ["positionBased", "timeDecay", "wShaped"]);
  const { positionBased: position, timeDecay: decay } = validateModelOptions({
    positionBased: fields.get("positionBased"),
    timeDecay: fields.get("timeDecay"),
  });
  const names = ["firstWeight", "leadWeight", "lastWeight"] as const;
  const given = read.object(fields.get("wShaped"), "wShaped", names);
  const [firstWeight, leadWeight, lastWeight] = names.map((name) =>
    given.get(name) === undefined
      ? DEFAULT_W_SHAPED[name]
      : read.number(given.get(name), `wShaped.${name}`, 0, 1),
  ) as [number, number, number];
  const sum = firstWeight + leadWeight + lastWeight;
  if (sum > 1 + SUM_TOLERANCE) {
    throw read.invalid("wShaped", "firstWeight + leadWeight + lastWeight of at most 1", sum);
  }
  return Object.freeze({
    positionBased: position,
    timeDecay: decay,
    wShaped: Object.freeze({ firstWeight, leadWeight, lastWeight }),
  });
}
