import { decimalFromNumber, parseDecimal } from "@tributary/protocol";

/**
 * A file's number in units of 10^-12: exact where it is a plain decimal, else (more digits, an exponent) rounded
 * half to even at 12 digits. Undefined where it is no number of at least 0.
 */
export function readAmount(text: string): bigint | undefined {
  const plain = text.trim();
  return parseDecimal(plain) ?? (plain === "" ? undefined : decimalFromNumber(Number(plain)));
}

/**
 * Share `index` (from 0) of a total that is split into `count` shares as equal as units allow; the units left over
 * go to the first shares. The shares sum to the total exactly.
 * Example: 10 in 3 is 4, 3, 3.
 */
export function shareOfTotal(total: bigint, count: number, index: number): bigint {
  const share = total / BigInt(count);
  return BigInt(index) < total % BigInt(count) ? share + 1n : share;
}
