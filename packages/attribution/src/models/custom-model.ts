import { FieldReader } from "./fields.ts";
import { TOUCH_TYPES, type TouchType } from "./journey-path.ts";

/** Bounds on what a model may hold. */
const CUSTOM_MODEL_LIMITS = Object.freeze({
  channels: 1000,
  channelCharacters: 64,
  ageSteps: 100,
  weight: 1_000_000,
});

/** Shares of the first and last touchpoint and of all between them together; they sum to 1. */
export interface PositionShares {
  readonly first: number;
  readonly middle: number;
  readonly last: number;
}

/** A weight for touchpoints of an age up to and including this. */
export interface AgeStep {
  readonly upToMs: number;
  readonly weight: number;
}

/** Weight of a touchpoint's age: halved by each half-life, or by steps of rising age. */
export type AgeWeights =
  | { readonly halfLifeMs: number }
  | { readonly steps: readonly AgeStep[]; readonly beyond: number };

/** A model as data. Make one with {@link readCustomModel}: crediting does not check. */
export interface CustomModel {
  readonly name: string;
  /** Without: every touchpoint 1. */
  readonly position: PositionShares | undefined;
  /** By channel; 1 for those not named. */
  readonly channels: ReadonlyMap<string, number>;
  /** By type of touchpoint; 1 for those not named. */
  readonly types: ReadonlyMap<TouchType, number>;
  /** Without: 1 at any age. */
  readonly age: AgeWeights | undefined;
}

const FIELDS = ["name", "position", "channels", "types", "age"] as const;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** 0.1 + 0.2 + 0.7 is not 1 in float64. */
const SUM_TOLERANCE = 1e-9;

const read = new FieldReader("custom_model_invalid");

/**
 * Reads a model that a user wrote down as JSON; {@link customWeights} says what the fields mean.
 * @param taken names it may not have: those of the built-in models, and of others
 * @throws AttributionError `custom_model_invalid`, naming the field and what was expected
 */
export function readCustomModel(input: unknown, taken: readonly string[]): CustomModel {
  if (input === undefined)
    throw read.invalid("model", `an object with ${FIELDS.join(", ")}`, input);
  const fields = read.object(input, "model", FIELDS);
  const name = fields.get("name");
  if (typeof name !== "string" || !NAME.test(name)) {
    throw read.invalid(
      "name",
      "1 to 64 lower-case letters, digits and underscores, a letter first",
      name,
    );
  }
  if (taken.includes(name)) throw read.invalid("name", "a name no other model has", name);
  const model: CustomModel = {
    name,
    position: readPosition(fields.get("position")),
    channels: readChannels(fields.get("channels")),
    types: readTypes(fields.get("types")),
    age: readAge(fields.get("age")),
  };
  if (fields.size === 1) {
    throw read.invalid("model", "at least one of position, channels, types, age", "only a name");
  }
  return Object.freeze(model);
}

function readPosition(value: unknown): PositionShares | undefined {
  if (value === undefined) return undefined;
  const fields = read.object(value, "position", ["first", "middle", "last"]);
  const first = read.number(fields.get("first"), "position.first", 0, 1);
  const middle = read.number(fields.get("middle"), "position.middle", 0, 1);
  const last = read.number(fields.get("last"), "position.last", 0, 1);
  const sum = first + middle + last;
  if (Math.abs(sum - 1) > SUM_TOLERANCE) {
    throw read.invalid("position", "first + middle + last of 1", sum);
  }
  return Object.freeze({ first, middle, last });
}

function readChannels(value: unknown): ReadonlyMap<string, number> {
  const fields = read.object(value, "channels");
  const { channels: channelsMax, channelCharacters, weight: weightMax } = CUSTOM_MODEL_LIMITS;
  if (fields.size > channelsMax) {
    throw read.invalid("channels", `at most ${channelsMax} channels`, fields.size);
  }
  const channels = new Map<string, number>();
  for (const [channel, weight] of fields) {
    if (channel === "" || channel.length > channelCharacters) {
      throw read.invalid("channels", `names of 1 to ${channelCharacters} characters`, channel);
    }
    channels.set(channel, read.number(weight, `channels.${channel}`, 0, weightMax));
  }
  return channels;
}

function readTypes(value: unknown): ReadonlyMap<TouchType, number> {
  const fields = read.object(value, "types", TOUCH_TYPES);
  const types = new Map<TouchType, number>();
  for (const type of TOUCH_TYPES) {
    if (!fields.has(type)) continue;
    types.set(type, read.number(fields.get(type), `types.${type}`, 0, CUSTOM_MODEL_LIMITS.weight));
  }
  return types;
}

function readAge(value: unknown): AgeWeights | undefined {
  if (value === undefined) return undefined;
  const fields = read.object(value, "age", ["halfLifeMs", "steps", "beyond"]);
  if (fields.has("halfLifeMs")) {
    if (fields.size > 1) throw read.invalid("age", "either halfLifeMs or steps, not both", "both");
    const halfLifeMs = fields.get("halfLifeMs");
    return Object.freeze({
      halfLifeMs: read.number(halfLifeMs, "age.halfLifeMs", 1, Number.MAX_SAFE_INTEGER),
    });
  }
  const list = fields.get("steps");
  const { ageSteps: stepsMax, weight: weightMax } = CUSTOM_MODEL_LIMITS;
  if (!Array.isArray(list) || list.length === 0 || list.length > stepsMax) {
    throw read.invalid("age.steps", `an array of 1 to ${stepsMax} steps, or halfLifeMs`, list);
  }
  const steps: AgeStep[] = [];
  for (const [i, step] of list.entries()) {
    const field = `age.steps[${i}]`;
    const entry = read.object(step, field, ["upToMs", "weight"]);
    const upToMs = read.number(entry.get("upToMs"), `${field}.upToMs`, 0, Number.MAX_SAFE_INTEGER);
    const before = steps.at(-1)?.upToMs;
    if (before !== undefined && upToMs <= before) {
      throw read.invalid(`${field}.upToMs`, `more than ${before}, that of the step before`, upToMs);
    }
    const weight = read.number(entry.get("weight"), `${field}.weight`, 0, weightMax);
    steps.push(Object.freeze({ upToMs, weight }));
  }
  const beyond = fields.has("beyond")
    ? read.number(fields.get("beyond"), "age.beyond", 0, weightMax)
    : 0;
  return Object.freeze({ steps: Object.freeze(steps), beyond });
}
