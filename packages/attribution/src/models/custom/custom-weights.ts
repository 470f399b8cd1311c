import type { AgeWeights, CustomModel, PositionShares } from "./custom-model.ts";
import type { JourneyPath } from "../journey-path.ts";
import { normalise } from "../normalise.ts";
import { positionBased } from "../position-based.ts";

/**
 * A model declared as data: what a touchpoint earns is the product of what its place, channel, type and
 * age are worth, scaled so that the path's weights sum to 1.
 *
 *     w(i) ∝ position(i) · channel(i) · type(i) · age(i)
 *
 * position: `first` and `last` are the shares of the ends, `middle` that of all between them together, as
 * in {@link positionBased}. age: 2^(−Δt/h), or the weight of the first step that is not below the age, and
 * `beyond` after the last. Where the product is 0 on the whole path, position alone decides, so that no
 * conversion is lost: with a weight of 0 for direct, a path of direct alone still earns.
 *
 * Example, direct 0 and email 2: search → email → direct gives ⅓, ⅔, 0.
 *
 * Source: none, this one is ours.
 * Cost: two look-ups and a product a touchpoint; steps of age are looked through in turn.
 */
export function customWeights(
  model: CustomModel,
  path: JourneyPath,
  weights: Float64Array,
  offset: number,
): void {
  const { length, channels, types, ageMs } = path;
  if (length === 0) return;
  writePositions(model.position, path, weights, offset);
  let youngestMs = Infinity;
  for (let i = 0; i < length; i += 1) {
    const type = types[i];
    const weight =
      (weights[offset + i] ?? 0) *
      (model.channels.get(channels[i] ?? "") ?? 1) *
      (type === undefined ? 1 : (model.types.get(type) ?? 1));
    weights[offset + i] = weight;
    if (weight > 0) youngestMs = Math.min(youngestMs, ageMs[i] ?? 0);
  }
  let sum = 0;
  for (let i = 0; i < length; i += 1) {
    const weight = weights[offset + i] ?? 0;
    if (weight === 0) continue;
    weights[offset + i] = weight * ageWeight(model.age, ageMs[i] ?? 0, youngestMs);
    sum += weights[offset + i] ?? 0;
  }
  if (sum === 0) writePositions(model.position, path, weights, offset);
  normalise(weights, offset, length);
}

function writePositions(
  position: PositionShares | undefined,
  path: JourneyPath,
  weights: Float64Array,
  offset: number,
): void {
  if (position === undefined) {
    weights.fill(1, offset, offset + path.length);
    return;
  }
  positionBased(path, weights, offset, {
    firstWeight: position.first,
    lastWeight: position.last,
  });
}

function ageWeight(age: AgeWeights | undefined, ageMs: number, youngestMs: number): number {
  if (age === undefined) return 1;
  // From the age beyond that of the youngest that earns, which cancels out: no 0/0 for old paths.
  if ("halfLifeMs" in age) return 2 ** ((youngestMs - ageMs) / age.halfLifeMs);
  for (const { upToMs, weight } of age.steps) if (ageMs <= upToMs) return weight;
  return age.beyond;
}
