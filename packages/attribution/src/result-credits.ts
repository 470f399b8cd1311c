import { MONEY_UNIT, parseDecimal, ProtocolError } from "@tributary/protocol";
import { shareOut } from "./shares.ts";

/** One conversion's credits, in columns that are filled anew for each conversion. */
export interface ResultCredits<Model> {
  readonly models: Model[];
  /** From 1 in path order; 0 stands for no touchpoint. */
  readonly touches: number[];
  /** Units of 10^-12 of the conversion. */
  readonly shares: bigint[];
  /** Units of 10^-12 of the value. */
  readonly values: bigint[];
}

/** A result block's value. @returns units of 10^-12; 0 for a conversion without a value @throws ProtocolError `entry_malformed` */
export function resultValue(text: string): bigint {
  if (text === "") return 0n;
  const value = parseDecimal(text);
  if (value === undefined) {
    throw new ProtocolError("entry_malformed", `the value "${text}" is not a decimal`);
  }
  return value;
}

/**
 * Shares one conversion out under every model: credits that sum to exactly 1, money that sums to exactly the value.
 * Touchpoints that get neither are left out; without touchpoints each model has one credit of the whole.
 * @param credits filled @param models as the result block has them, in any form
 * @param weights for each model, for each touch in path order, from `weights[firstWeight]` on
 * @throws AttributionError as {@link shareOut}
 */
export function creditResult<Model>(
  credits: ResultCredits<Model>,
  models: readonly Model[],
  weights: Float64Array,
  value: bigint,
  touches: number,
  firstWeight: number,
): void {
  for (const list of [credits.models, credits.touches, credits.shares, credits.values]) {
    list.length = 0;
  }
  let offset = firstWeight;
  for (const model of models) {
    if (touches === 0) {
      appendCredit(credits, model, 0, MONEY_UNIT, value);
      continue;
    }
    const shares = shareOut(MONEY_UNIT, weights, offset, touches);
    const values = shareOut(value, weights, offset, touches);
    for (let i = 0; i < touches; i += 1) {
      const share = shares[i] ?? 0n;
      const money = values[i] ?? 0n;
      if (share !== 0n || money !== 0n) appendCredit(credits, model, i + 1, share, money);
    }
    offset += touches;
  }
}

function appendCredit<Model>(
  credits: ResultCredits<Model>,
  model: Model,
  touch: number,
  share: bigint,
  value: bigint,
): void {
  credits.models.push(model);
  credits.touches.push(touch);
  credits.shares.push(share);
  credits.values.push(value);
}
