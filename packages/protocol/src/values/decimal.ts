/**
 * Money as exact decimals: an integer count of 10^-12, carried as bigint. Never a float.
 */

/** Digits kept after the point. */
export const MONEY_DIGITS = 12;
/** How many units one whole is. */
export const MONEY_UNIT = 1_000_000_000_000n;

const DECIMAL = /^(\d{1,15})(?:\.(\d{1,12}))?$/;
const WITHOUT_LEADING_ZEROS = /^(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?$/;
const ZERO = 0x30;
const POINT = 0x2e;
const NUMBER_TEXT = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * Parses plain decimal text of at most 15 digits before and 12 after the point.
 * @returns units of 10^-12, or undefined where the text is anything else (a sign, an exponent, more digits).
 */
export function parseDecimal(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const fraction = (match[2] ?? "").padEnd(MONEY_DIGITS, "0");
  return BigInt((match[1] ?? "") + fraction);
}

/**
 * What {@link formatDecimal} gives for what {@link parseDecimal} gives of a text, without computing with it.
 * @returns undefined where it is not as simple as that
 */
export function trimDecimal(text: string): string | undefined {
  if (!WITHOUT_LEADING_ZEROS.test(text)) return undefined;
  if (!text.includes(".")) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end -= 1;
  return text.slice(0, text.charCodeAt(end - 1) === POINT ? end - 1 : end);
}

/**
 * The decimal that a JSON or msgpack number was written as: its shortest text (ECMA-262
 * Number::toString), rounded half to even at 12 digits after the point.
 * @returns units of 10^-12, or undefined for a negative, non-finite or too large number.
 */
export function decimalFromNumber(value: number): bigint | undefined {
  if (!(value >= 0 && value < 1e15)) return undefined;
  const match = NUMBER_TEXT.exec(String(value));
  if (match === null) return undefined;
  const fraction = match[2] ?? "";
  const digits = BigInt((match[1] ?? "") + fraction);
  // The number is digits · 10^exponent; bring it to 10^-12.
  const shift = Number(match[3] ?? "0") - fraction.length + MONEY_DIGITS;
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  const quotient = digits / divisor;
  const twice = (digits % divisor) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}

/** Units of 10^-12 as plain decimal text without trailing zeros: `19990000000000n` is `"19.99"`. */
export function formatDecimal(units: bigint): string {
  const negative = units < 0n;
  const text = (negative ? -units : units).toString().padStart(MONEY_DIGITS + 1, "0");
  const whole = text.slice(0, -MONEY_DIGITS);
  const fraction = text.slice(-MONEY_DIGITS).replace(/0+$/, "");
  return (negative ? "-" : "") + (fraction === "" ? whole : `${whole}.${fraction}`);
}
