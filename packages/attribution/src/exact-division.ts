/**
 * The exact quotient and remainder of a product of two integers, in float64. A product of two 52-bit
 * integers has 104 bits, which bigint would carry at some 80 ns an operation; here it is carried as an
 * unevaluated sum of two float64 (a few ns), each of which is an integer that float64 holds exactly.
 *
 * Source: T. J. Dekker, "A floating-point technique for extending the available precision" (1971),
 * for the exact product; G. W. Veltkamp for the splitting.
 */

/** Splits a 53-bit significand into two halves whose products float64 holds exactly. */
const SPLITTER = 2 ** 27 + 1;

/** What float64 lost when it rounded `product` = a · b: a · b = product + productError, exactly. */
function productError(a: number, b: number, product: number): number {
  const scaledA = SPLITTER * a;
  const highA = scaledA - (scaledA - a);
  const lowA = a - highA;
  const scaledB = SPLITTER * b;
  const highB = scaledB - (scaledB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

/**
 * a · b − quotient · divisor, exact where it is below 2^53 in size; all four are integers from 0 to 2^53.
 *
 * Where the quotient is 2 or more, the rounded products are within a factor of two of each other and
 * their difference is exact (Sterbenz); below that it is an integer that float64 holds. The two errors are
 * integers below 2^52, so their difference is exact, and so is a sum that is itself below 2^53.
 */
export function remainderOf(a: number, b: number, quotient: number, divisor: number): number {
  const left = a * b;
  const right = quotient * divisor;
  return left - right + (productError(a, b, left) - productError(quotient, divisor, right));
}

/**
 * ⌊a · b / divisor⌋, exact for integers a ≤ 2^52, b ≤ 2^53, 0 < divisor ≤ 1.5 · 2^52 whose quotient is at
 * most 2^50. Rounding moves the estimate by at most 0.25, hence its floor by at most one, which the sign
 * and size of the exact remainder (below 1.25 · divisor, hence below 2^53) tell.
 */
export function floorOfRatio(a: number, b: number, divisor: number): number {
  const estimate = Math.floor((a * b) / divisor);
  const remainder = remainderOf(a, b, estimate, divisor);
  if (remainder < 0) return estimate - 1;
  return remainder >= divisor ? estimate + 1 : estimate;
}
