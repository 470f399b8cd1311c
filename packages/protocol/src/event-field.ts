/** The scanner's field numbers (positions in EVENT_FIELDS), and finding a field or a type by the bytes of its name. */
import { Buffer } from "node:buffer";
import { DIMENSION_COUNT, EVENT_FIELDS, EVENT_LIMITS, EVENT_TYPES } from "./event.ts";
import { RARE_NAME, RARE_ORDER_ID, RARE_REFERRER, RARE_URL } from "./rare.ts";

export const FIELD_ID = 0;
export const FIELD_TYPE = 1;
export const FIELD_TIME = 2;
export const FIELD_USER_ID = 3;
export const FIELD_ANONYMOUS_ID = 4;
/** source … channel, in the order of DIMENSION_FIELDS. */
export const FIELD_DIMENSION = 5;
export const FIELD_RARE = FIELD_DIMENSION + DIMENSION_COUNT;

const FIELD_REFERRER = FIELD_RARE;
const FIELD_URL = FIELD_RARE + 1;
const FIELD_NAME = FIELD_RARE + 2;
export const FIELD_VALUE = FIELD_RARE + 3;
export const FIELD_CURRENCY = FIELD_RARE + 4;
export const FIELD_ORDER_ID = FIELD_RARE + 5;
export const FIELD_PROPERTIES = FIELD_RARE + 6;

/** Bound in bytes and stored code of the fields that are copied as they came. */
export const RARE_TEXT: Readonly<Record<number, readonly [bytes: number, code: number]>> = {
  [FIELD_REFERRER]: [EVENT_LIMITS.urlBytes, RARE_REFERRER],
  [FIELD_URL]: [EVENT_LIMITS.urlBytes, RARE_URL],
  [FIELD_NAME]: [EVENT_LIMITS.nameBytes, RARE_NAME],
  [FIELD_ORDER_ID]: [EVENT_LIMITS.orderIdBytes, RARE_ORDER_ID],
};

const FIELD_BYTES = EVENT_FIELDS.map((name) => Buffer.from(name, "latin1"));
const TYPE_BYTES = EVENT_TYPES.map((name) => Buffer.from(name, "latin1"));

/** Names by (length, first byte): at most three share a place. */
const FIELDS_BY_SHAPE: number[][] = Array.from({ length: 32 * 128 }, () => []);
for (const [field, bytes] of FIELD_BYTES.entries()) {
  FIELDS_BY_SHAPE[bytes.length * 128 + (bytes[0] as number)]?.push(field);
}

/** The number of the field whose name is bytes[start…end), −1 where there is none. */
export function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = bytes[start] as number;
  if (length === 0 || length > 31 || first > 127) return -1;
  const candidates = FIELDS_BY_SHAPE[length * 128 + first] as number[];
  for (let i = 0; i < candidates.length; i += 1) {
    const field = candidates[i] as number;
    if (equalRange(bytes, start, FIELD_BYTES[field] as Uint8Array)) return field;
  }
  return -1;
}

/** The code of the type whose name is bytes[start…end), −1 where there is none. */
export function typeOf(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < TYPE_BYTES.length; i += 1) {
    const name = TYPE_BYTES[i] as Uint8Array;
    if (name.length === end - start && equalRange(bytes, start, name)) return i;
  }
  return -1;
}

/** The name of a field number. */
export function nameOf(field: number): string {
  return EVENT_FIELDS[field] as string;
}

function equalRange(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i += 1) {
    if (bytes[start + i] !== expected[i]) return false;
  }
  return true;
}
