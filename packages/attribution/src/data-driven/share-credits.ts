import { shareOut } from "../shares.ts";

/**
 * Splits an exact total by credits that are rounded floats, so that the parts sum to exactly the total: by
 * `shareOut` where no credit is negative. With negative ones (of `shapleyRate`) each part is its credit's
 * proportion, rounded, and what is left over goes to the largest credit.
 *
 * Example: 10 by 1½ and −½ is 15 and −5.
 *
 * @param total units, such as money in 10^-12; from 0 to below 2^100
 * @returns undefined where the credits sum to 0: then the total belongs to no channel
 * @throws AttributionError `shares_invalid` as `shareOut`
 *
 * Cost: that of `shareOut`.
 */
export function shareCredits(total: bigint, credits: Float64Array): bigint[] | undefined {
  let sum = 0;
  let negative = false;
  let largest = 0;
  for (const [i, credit] of credits.entries()) {
    sum += credit;
    if (credit < 0) negative = true;
    if (credit > (credits[largest] ?? 0)) largest = i;
  }
  if (total === 0n) return Array.from(credits, () => 0n);
  if (!(sum > 0)) return undefined;
  if (!negative) return shareOut(total, credits, 0, credits.length);
  const parts = Array.from(credits, (credit) => proportionOf(total, credit / sum));
  const given = parts.reduce((units, part) => units + part, 0n);
  parts[largest] = (parts[largest] ?? 0n) + total - given;
  return parts;
}

/** 2^52: a float64 has no more digits. */
const PROPORTION = 2 ** 52;

function proportionOf(total: bigint, proportion: number): bigint {
  return (total * BigInt(Math.round(proportion * PROPORTION))) / BigInt(PROPORTION);
}
