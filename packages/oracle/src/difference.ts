import { unitsOf } from "./decimal.ts";
import type { PlainResult } from "./results.ts";

/** A conversion's result as the warehouse holds it. */
export interface StoredResult {
  /** Net, decimal text. */
  readonly value: string;
  /** Touchpoints in path order. */
  readonly touch_id: readonly string[];
  readonly touch_channel: readonly string[];
  /** A credit a model and touchpoint (from 1; 0 where there is none), none that is zero. */
  readonly credit_model: readonly string[];
  readonly credit_touch: readonly number[];
  /** Decimal texts. */
  readonly credit_share: readonly string[];
  readonly credit_value: readonly string[];
}

/** A share has twelve places; anything further apart than its last is wrong, which floats computed otherwise may be off by. */
const SHARE_TOLERANCE = 1e-11;

/** Stands in a result for a channel that a worker did not hold any more, see docs/models.md. */
const OTHER_CHANNEL = "(other)";

/** In what a stored result differs from what it must be, or undefined. */
export function differenceOf(stored: StoredResult, plain: PlainResult): string | undefined {
  if (stored.touch_id.join(" ") !== plain.path.join(" ")) {
    return `the path is [${stored.touch_id.join(" ")}], not [${plain.path.join(" ")}]`;
  }
  if (!sameChannels(stored.touch_channel, plain.channels)) {
    return `the channels are [${stored.touch_channel.join(" ")}], not [${plain.channels.join(" ")}]`;
  }
  if (unitsOf(stored.value) !== plain.value) {
    return `the value is ${stored.value}, not ${Number(plain.value) / 1e12}`;
  }
  for (const [model, weights] of Object.entries(plain.weights)) {
    const difference = creditDifference(stored, model, weights, plain.value);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function sameChannels(stored: readonly string[], plain: readonly string[]): boolean {
  return (
    stored.length === plain.length &&
    stored.every((channel, i) => channel === OTHER_CHANNEL || channel === plain[i])
  );
}

/** Shares are the weights, each touchpoint's money is its share of the value, and all of it is given. */
function creditDifference(
  stored: StoredResult,
  model: string,
  weights: readonly number[],
  value: bigint,
): string | undefined {
  const shares = new Map<number, number>();
  const moneys = new Map<number, bigint>();
  let money = 0n;
  for (const [i, name] of stored.credit_model.entries()) {
    if (name !== model) continue;
    const touch = stored.credit_touch[i] ?? -1;
    const units = unitsOf(stored.credit_value[i] ?? "0");
    shares.set(touch, (shares.get(touch) ?? 0) + Number(stored.credit_share[i]));
    moneys.set(touch, (moneys.get(touch) ?? 0n) + units);
    money += units;
  }
  const wanted = weights.length === 0 ? [[0, 1]] : weights.map((weight, i) => [i + 1, weight]);
  for (const [touch = 0, weight = 0] of wanted) {
    const share = shares.get(touch) ?? 0;
    const got = Number(moneys.get(touch) ?? 0n);
    shares.delete(touch);
    if (Math.abs(share - weight) > SHARE_TOLERANCE) {
      return `${model} gives touchpoint ${touch} ${share}, not ${weight}`;
    }
    // One unit is what rounding may move, the rest what a float of the value does.
    if (Math.abs(got - Number(value) * weight) > 1 + Number(value) * SHARE_TOLERANCE) {
      return `${model} gives touchpoint ${touch} ${got / 1e12}, not ${(Number(value) * weight) / 1e12}`;
    }
  }
  if (shares.size > 0) return `${model} credits a touchpoint that is not on the path`;
  return money === value
    ? undefined
    : `${model} credits ${Number(money) / 1e12}, not ${Number(value) / 1e12}`;
}
