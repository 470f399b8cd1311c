import { AttributionError } from "./errors.ts";
import { floorOfRatio, remainderOf } from "./exact-division.ts";

/** Weights are scaled so that their sum is about this: what float64 itself resolves just below 1. */
const WEIGHT_TOTAL = 2 ** 52;
/** A value is read as high · 2^50 + low, so that each half's quotient is one that float64 holds exactly. */
const LIMB_BITS = 50;
const LIMB = 2 ** LIMB_BITS;
const VALUE_BITS_MAX = 2 * LIMB_BITS;
/** Weights may sum to anything between; outside, scaling them could overflow. */
const WEIGHT_SUM_MIN = 2 ** -512;
const WEIGHT_SUM_MAX = 2 ** 512;

/**
 * Splits an integer by weights into integers that sum to exactly that integer, by the largest-remainder
 * (Hamilton) method in exact integer arithmetic:
 *
 *     W(i) = round(w(i) · 2^k), W = Σ W(i), share(i) = ⌊value · W(i) / W⌋
 *
 * and the units still left go one each to the largest remainders, ties to the earlier index. 2^k brings
 * Σ w(i) between ¾ and 1½ times 2^52, so k = 52 for weights that sum to 1. Hence each share is within one
 * unit of value · W(i) / W, shares of equal weights differ by at most one unit, a larger W(i) never gets
 * less, and a weight below 2^-54 of the whole earns nothing.
 *
 * Example: 100 by ⅓, ⅓, ⅓ is 34, 33, 33.
 *
 * The weights are `weights[offset]` … `weights[offset + length - 1]`, each 0 or more; they need not sum to 1.
 * @param value units, 0 or more and below 2^100: money in 10^-12, or 10^12 for one whole conversion.
 * @returns `length` shares, in the order of the weights.
 * @throws AttributionError `shares_invalid` for a value out of its range, a weight that is negative, not
 *   finite or missing, or a value above 0 with no weight to give it to.
 *
 * Source: M. L. Balinski and H. P. Young, "Fair Representation" (Hamilton's method).
 * Cost: three exact divisions and one bigint a weight; none of the divisions where one weight takes all or
 * all weights are equal.
 */
export function shareOut(
  value: bigint,
  weights: ArrayLike<number>,
  offset: number,
  length: number,
): bigint[] {
  if (value < 0n || value >> BigInt(VALUE_BITS_MAX) !== 0n) {
    throw new AttributionError(
      "shares_invalid",
      `value: expected 0 or more and below 2^${VALUE_BITS_MAX}, got ${value}`,
    );
  }
  const scaled = scaleWeights(weights, offset, length);
  const shares: bigint[] = [];
  if (value === 0n) {
    for (let i = 0; i < length; i += 1) shares.push(0n);
    return shares;
  }
  let total = 0;
  let largest = 0;
  let equal = true;
  for (const weight of scaled) {
    total += weight;
    if (weight > largest) largest = weight;
    if (weight !== scaled[0]) equal = false;
  }
  if (total === 0) {
    throw new AttributionError(
      "shares_invalid",
      `weights: expected one above 0 among ${length}, got none`,
    );
  }
  if (largest === total) {
    for (const weight of scaled) shares.push(weight === 0 ? 0n : value);
  } else if (equal) {
    shareEqually(value, length, shares);
  } else {
    shareByRemainder(value, scaled, total, shares);
  }
  return shares;
}

/** Integers in proportion to the weights, whose sum is about 2^52 (or 0 where the weights' is). */
function scaleWeights(weights: ArrayLike<number>, offset: number, length: number): number[] {
  let sum = 0;
  for (let i = 0; i < length; i += 1) {
    const weight = weights[offset + i];
    if (weight === undefined || !(weight >= 0 && weight < Infinity)) {
      throw new AttributionError(
        "shares_invalid",
        `weights[${offset + i}]: expected a finite number, 0 or more, got ${weight}`,
      );
    }
    sum += weight;
  }
  if (sum !== 0 && !(sum >= WEIGHT_SUM_MIN && sum <= WEIGHT_SUM_MAX)) {
    throw new AttributionError(
      "shares_invalid",
      `weights: expected a sum of 0 or from 2^-512 to 2^512, got ${sum}`,
    );
  }
  // Steps of a power of two lose no bit.
  let scale = WEIGHT_TOTAL;
  while (sum * scale > 1.5 * WEIGHT_TOTAL) scale /= 2;
  while (sum > 0 && sum * scale <= 0.75 * WEIGHT_TOTAL) scale *= 2;
  const scaled: number[] = [];
  for (let i = 0; i < length; i += 1) scaled.push(Math.round((weights[offset + i] ?? 0) * scale));
  return scaled;
}

/** All remainders tie, so the leftover units go to the earliest. */
function shareEqually(value: bigint, length: number, shares: bigint[]): void {
  const count = BigInt(length);
  const share = value / count;
  const leftover = Number(value % count);
  for (let i = 0; i < length; i += 1) shares.push(i < leftover ? share + 1n : share);
}

function shareByRemainder(
  value: bigint,
  scaled: readonly number[],
  total: number,
  shares: bigint[],
): void {
  const high = Number(value >> BigInt(LIMB_BITS));
  const low = Number(BigInt.asUintN(LIMB_BITS, value));
  const remainders: number[] = [];
  let remainderSum = 0;
  for (const weight of scaled) {
    // value · weight / total = highShare · 2^50 + (highRest · 2^50 + low · weight) / total.
    let highShare = 0;
    let lowShare = floorOfRatio(low, weight, total);
    let remainder = remainderOf(low, weight, lowShare, total);
    if (high > 0) {
      highShare = floorOfRatio(high, weight, total);
      const highRest = remainderOf(high, weight, highShare, total);
      const carried = floorOfRatio(highRest, LIMB, total);
      const carriedRest = remainderOf(highRest, LIMB, carried, total);
      lowShare += carried;
      // remainder + carriedRest may pass 2^53; what lies beyond the total does not.
      const beyond = remainder - (total - carriedRest);
      if (beyond >= 0) lowShare += 1;
      remainder = beyond >= 0 ? beyond : beyond + total;
    }
    shares.push(
      highShare === 0
        ? BigInt(lowShare)
        : (BigInt(highShare) << BigInt(LIMB_BITS)) + BigInt(lowShare),
    );
    remainders.push(remainder);
    remainderSum += remainder;
  }
  // Σ value · W(i) = value · W, so the remainders sum to a whole number of totals: the units left over.
  giveLeftover(Math.round(remainderSum / total), remainders, shares);
}

/** One unit each to the `leftover` largest remainders, of which there are fewer than shares. */
function giveLeftover(leftover: number, remainders: readonly number[], shares: bigint[]): void {
  if (leftover === 0) return;
  const sorted = Float64Array.from(remainders).sort();
  const threshold = sorted[sorted.length - leftover] ?? 0;
  let tied = leftover;
  for (const remainder of remainders) if (remainder > threshold) tied -= 1;
  for (let i = 0; i < shares.length; i += 1) {
    const remainder = remainders[i] ?? 0;
    const takes = remainder > threshold || (remainder === threshold && tied > 0);
    if (!takes) continue;
    if (remainder === threshold) tied -= 1;
    shares[i] = (shares[i] ?? 0n) + 1n;
  }
}
