/** What is wrong with an event, in words: found by the scanner, which is fast, and explained here. */
import { FLAG_TYPE_MASK } from "../entry/entry.ts";
import { EVENT_LIMITS, TYPE_REFUND } from "../event.ts";
import {
  FIELD_ANONYMOUS_ID,
  FIELD_CURRENCY,
  FIELD_ID,
  FIELD_ORDER_ID,
  FIELD_TIME,
  FIELD_TYPE,
  FIELD_USER_ID,
  FIELD_VALUE,
  nameOf,
} from "./event-field.ts";
import type { Refusal } from "./refusal.ts";
import type { ScanOptions } from "./scan-options.ts";

const ID = 1 << FIELD_ID;
const TYPE = 1 << FIELD_TYPE;
const REQUIRED = ID | TYPE | (1 << FIELD_TIME);
const IDENTITY = (1 << FIELD_USER_ID) | (1 << FIELD_ANONYMOUS_ID);
const VALUE = 1 << FIELD_VALUE;
const CURRENCY = 1 << FIELD_CURRENCY;
const ORDER_ID = 1 << FIELD_ORDER_ID;

/**
 * The field that an event needs and does not have; undefined where it has all.
 * @param seen a bit for each field that is there @param flags FLAG_* of the event
 */
export function absentField(seen: number, flags: number): Omit<Refusal, "index"> | undefined {
  if ((seen & REQUIRED) !== REQUIRED) {
    const field = (seen & ID) === 0 ? FIELD_ID : (seen & TYPE) === 0 ? FIELD_TYPE : FIELD_TIME;
    return { field: nameOf(field), reason: "required, and absent" };
  }
  if ((seen & IDENTITY) === 0) {
    return { field: "userId", reason: "expected userId or anonymousId, both are absent" };
  }
  if ((seen & (VALUE | CURRENCY)) === VALUE) {
    return { field: "currency", reason: "required with a value, and absent" };
  }
  if ((flags & FLAG_TYPE_MASK) === TYPE_REFUND && (seen & ORDER_ID) === 0) {
    return { field: "orderId", reason: "required for a refund, and absent" };
  }
  return undefined;
}

export const NOT_UTF8 = "expected valid UTF-8";

/** What is wrong with a text's length. @param most bytes */
export function lengthProblem(most: number, got: number, least = 0): string {
  const range = least === 0 ? `at most ${most} bytes` : `${least} to ${most} bytes`;
  return `expected a string of ${range}, got ${got}`;
}

/** @param sent as it came @param time the same, corrected, which was not taken */
export function timeProblem(sent: number, time: number, { now, maxFutureMs }: ScanOptions): string {
  if (!Number.isSafeInteger(sent)) return `expected an integer, ms since 1970, got ${sent}`;
  if (time < EVENT_LIMITS.minTimeMs) {
    return `expected ms since 1970, after the year 2000, got ${sent} (seconds?)`;
  }
  const ahead = Math.round((time - now) / 1000);
  return `expected at most ${maxFutureMs / 1000} s ahead of the server's clock, got ${sent}, ${ahead} s ahead`;
}
