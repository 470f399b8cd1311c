import { customWeights } from "./custom-weights.ts";
import type { CustomModel } from "./custom-model.ts";
import { FieldReader } from "./fields.ts";
import { inverseJ } from "./inverse-j.ts";
import { jShaped } from "./j-shaped.ts";
import type { JourneyPath } from "./journey-path.ts";
import {
  DEFAULT_MODEL_OPTIONS,
  STREAMED_MODELS,
  validateModelOptions,
  type ModelOptions,
} from "./registry.ts";
import { DEFAULT_W_SHAPED, wShaped, type WShapedOptions } from "./w-shaped.ts";

/** Three shares that make 1 may sum to a little more in float64. */
const SUM_TOLERANCE = 1e-9;

/** Settings of the models. Make one with {@link validateJourneyModelOptions}. */
export interface JourneyModelOptions extends ModelOptions {
  readonly wShaped: WShapedOptions;
}

export const DEFAULT_JOURNEY_MODEL_OPTIONS: JourneyModelOptions = Object.freeze({
  ...DEFAULT_MODEL_OPTIONS,
  wShaped: DEFAULT_W_SHAPED,
});

/** Writes the weights of a path's touchpoints at an offset: they sum to 1; nothing for an empty path. */
export type JourneyModel = (path: JourneyPath, weights: Float64Array, offset: number) => void;

type OptionedModel = (
  path: JourneyPath,
  weights: Float64Array,
  offset: number,
  options: JourneyModelOptions,
) => void;

/** Every rule-based model that can be computed from a whole path: those of the stream, and those on demand. */
const JOURNEY_MODELS = Object.freeze({
  ...STREAMED_MODELS,
  w_shaped: (path, weights, offset, options) => wShaped(path, weights, offset, options.wShaped),
  j_shaped: jShaped,
  inverse_j: inverseJ,
} satisfies Record<string, OptionedModel>);

export type JourneyModelName = keyof typeof JOURNEY_MODELS;

export const JOURNEY_MODEL_NAMES = Object.keys(JOURNEY_MODELS) as readonly JourneyModelName[];

/** A model by its name, or as data. */
export function journeyModel(
  model: JourneyModelName | CustomModel,
  options: JourneyModelOptions = DEFAULT_JOURNEY_MODEL_OPTIONS,
): JourneyModel {
  if (typeof model === "object") {
    return (path, weights, offset) => customWeights(model, path, weights, offset);
  }
  const credit: OptionedModel = JOURNEY_MODELS[model];
  return (path, weights, offset) => credit(path, weights, offset, options);
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
