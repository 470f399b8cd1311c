/** The fields of money: a decimal, and its currency. */
import { Buffer } from "node:buffer";
import type { ByteColumn } from "../bytes/byte-column.ts";
import { describeValue, numberRead, readNumber, readString, stringRead } from "../bytes/msgpack.ts";
import { RARE_VALUE } from "../entry/rare.ts";
import { EVENT_LIMITS } from "../event.ts";
import { isCurrency } from "../values/currency.ts";
import { decimalFromNumber, formatDecimal, parseDecimal } from "../values/decimal.ts";
import { quote } from "./refusal.ts";

/** Longest text of a decimal: 15 digits, the point and 12 digits. */
const MAX_DECIMAL_BYTES = 28;

/**
 * Appends the decimal at `pos`, a text or a number, to the rare fields as a text.
 * @param end of the body
 * @returns the position after it; or, where it is none, what was expected and what came
 */
export function readMoney(
  bytes: Uint8Array,
  pos: number,
  end: number,
  rare: ByteColumn,
): number | string {
  if (readString(bytes, pos, end)) {
    const { start, end: textEnd } = stringRead;
    const text = latin1(bytes, start, Math.min(textEnd, start + 64));
    if (textEnd - start > MAX_DECIMAL_BYTES || parseDecimal(text) === undefined) {
      return `expected a decimal ≥ 0 of at most ${EVENT_LIMITS.valueIntegerDigits} digits before and 12 after the point, got ${quote(bytes, start, textEnd)}`;
    }
    rare.byte(RARE_VALUE);
    rare.range(bytes, pos, textEnd - pos);
    return textEnd;
  }
  if (!readNumber(bytes, pos, end)) {
    return `expected a decimal as string or number, got ${describeValue(bytes[pos] as number)}`;
  }
  const next = numberRead.next;
  const units = decimalFromNumber(numberRead.value);
  if (units === undefined) {
    return `expected a number from 0 to below 10^15, got ${numberRead.value}`;
  }
  const text = Buffer.from(formatDecimal(units), "latin1");
  rare.byte(RARE_VALUE);
  rare.byte(0xa0 | text.length);
  rare.range(text, 0, text.length);
  return next;
}

/** Whether bytes[start…end) are the code of a currency. */
export function isCurrencyCode(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 3 && isCurrency(latin1(bytes, start, end));
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
