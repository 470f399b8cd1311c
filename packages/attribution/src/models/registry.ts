import { AttributionError } from "../errors.ts";
import { firstTouch } from "./first-touch.ts";
import { lastNonDirect } from "./last-non-direct.ts";
import { lastTouch } from "./last-touch.ts";
import { linear } from "./linear.ts";
import type { Path } from "./path.ts";
import {
  DEFAULT_POSITION_BASED,
  positionBased,
  type PositionBasedOptions,
} from "./position-based.ts";
import { DEFAULT_TIME_DECAY, timeDecay, type TimeDecayOptions } from "./time-decay.ts";

/** Writes the weights of a path's touchpoints from an offset on. */
type StreamedModel = (
  path: Path,
  weights: Float64Array,
  offset: number,
  options: ModelOptions,
) => void;

/** The rule-based models that the workers credit, in the order in which {@link creditAll} writes them. */
export const STREAMED_MODELS = Object.freeze({
  first_touch: firstTouch,
  last_touch: lastTouch,
  last_non_direct: lastNonDirect,
  linear,
  position_based: (path, weights, offset, options) =>
    positionBased(path, weights, offset, options.positionBased),
  time_decay: (path, weights, offset, options) =>
    timeDecay(path, weights, offset, options.timeDecay),
} satisfies Record<string, StreamedModel>);

export type ModelName = keyof typeof STREAMED_MODELS;

export const MODEL_NAMES = Object.keys(STREAMED_MODELS) as readonly ModelName[];
const MODELS: readonly StreamedModel[] = Object.values(STREAMED_MODELS);

/** Settings of the models. Make one with {@link validateModelOptions}: the models do not check. */
export interface ModelOptions {
  readonly positionBased: PositionBasedOptions;
  readonly timeDecay: TimeDecayOptions;
}

export const DEFAULT_MODEL_OPTIONS: ModelOptions = Object.freeze({
  positionBased: DEFAULT_POSITION_BASED,
  timeDecay: DEFAULT_TIME_DECAY,
});

/**
 * Credits one path under every model, model-major: the weight of touchpoint i under `MODEL_NAMES[m]` is
 * `out[m * path.length + i]`, and each model's weights sum to 1. Allocates nothing; an empty path writes
 * nothing.
 * @param out at least `MODEL_NAMES.length * path.length` long; what lies behind is left alone.
 */
export function creditAll(path: Path, options: ModelOptions, out: Float64Array): void {
  const { length } = path;
  if (out.length < MODEL_NAMES.length * length) {
    throw new RangeError(
      `out holds ${out.length} weights; ${MODEL_NAMES.length} models × ${length} touchpoints do not fit`,
    );
  }
  let offset = 0;
  for (const model of MODELS) {
    model(path, out, offset, options);
    offset += length;
  }
}

/**
 * Reads model options from unknown input. What is left out takes its default.
 * @throws AttributionError `model_options_invalid`, naming the field and what was expected.
 */
export function validateModelOptions(input: unknown): ModelOptions {
  const options = fieldsOf(input, "options", ["positionBased", "timeDecay"]);
  const position = fieldsOf(options["positionBased"], "positionBased", [
    "firstWeight",
    "lastWeight",
  ]);
  const decay = fieldsOf(options["timeDecay"], "timeDecay", ["halfLifeMs"]);

  const firstWeight = weightField(
    position["firstWeight"],
    "positionBased.firstWeight",
    DEFAULT_POSITION_BASED.firstWeight,
  );
  const lastWeight = weightField(
    position["lastWeight"],
    "positionBased.lastWeight",
    DEFAULT_POSITION_BASED.lastWeight,
  );
  if (firstWeight + lastWeight > 1) {
    throw invalid(
      "positionBased",
      "firstWeight + lastWeight of at most 1",
      firstWeight + lastWeight,
    );
  }
  const { halfLifeMs = DEFAULT_TIME_DECAY.halfLifeMs } = decay;
  if (typeof halfLifeMs !== "number" || !(halfLifeMs >= 1 && halfLifeMs < Infinity)) {
    throw invalid("timeDecay.halfLifeMs", "a finite number of milliseconds, 1 or more", halfLifeMs);
  }
  return Object.freeze({
    positionBased: Object.freeze({ firstWeight, lastWeight }),
    timeDecay: Object.freeze({ halfLifeMs }),
  });
}

function weightField(value: unknown, field: string, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw invalid(field, "a number from 0 to 1", value);
}

function fieldsOf(
  value: unknown,
  field: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(field, `an object with ${known.join(", ")}`, value);
  }
  const entries = Object.entries(value);
  for (const [key] of entries) {
    if (!known.includes(key))
      throw invalid(`${field}.${key}`, `only the fields ${known.join(", ")}`, key);
  }
  return Object.fromEntries(entries);
}

function invalid(field: string, expected: string, got: unknown): AttributionError {
  let shown = String(got);
  if (typeof got === "string") shown = JSON.stringify(got.slice(0, 64));
  else if (typeof got === "function" || (typeof got === "object" && got !== null))
    shown = `a value of type ${typeof got}`;
  return new AttributionError(
    "model_options_invalid",
    `${field}: expected ${expected}, got ${shown}`,
  );
}
