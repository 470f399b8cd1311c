/** The scanner's field numbers (positions in EVENT_FIELDS), and finding a field or a type by the bytes of its name. */
import { Buffer } from "node:buffer";
import { DIMENSION_COUNT, EVENT_FIELDS, EVENT_LIMITS, EVENT_TYPES } from "../event.ts";
import { RARE_NAME, RARE_ORDER_ID, RARE_REFERRER, RARE_URL } from "../entry/rare.ts";

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

/** Room for a name in {@link NAMES}: more than the longest. */
const NAME_ROOM = 16;
/** The names one after another, each at its number times {@link NAME_ROOM}: fields first, then types. */
const NAMES = new Uint8Array((FIELD_BYTES.length + TYPE_BYTES.length) * NAME_ROOM);
/** First name of a shape (length and first byte), −1 where there is none; at most three share one. */
const FIRST_FIELD = new Int8Array(NAME_ROOM * 128).fill(-1);
const FIRST_TYPE = new Int8Array(NAME_ROOM * 128).fill(-1);
/** The next name of the same shape, −1 after the last. */
const NEXT = new Int8Array(FIELD_BYTES.length + TYPE_BYTES.length).fill(-1);
for (const [number, bytes] of [...FIELD_BYTES, ...TYPE_BYTES].entries()) {
  NAMES.set(bytes, number * NAME_ROOM);
  const first = number < FIELD_BYTES.length ? FIRST_FIELD : FIRST_TYPE;
  const shape = bytes.length * 128 + (bytes[0] as number);
  NEXT[number] = first[shape] as number;
  first[shape] = number;
}

/** The number of the field whose name is bytes[start…end), −1 where there is none. */
export function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  return find(FIRST_FIELD, bytes, start, end);
}

/** The code of the type whose name is bytes[start…end), −1 where there is none. */
export function typeOf(bytes: Uint8Array, start: number, end: number): number {
  const number = find(FIRST_TYPE, bytes, start, end);
  return number < 0 ? -1 : number - FIELD_BYTES.length;
}

/** The name of a field number. */
export function nameOf(field: number): string {
  return EVENT_FIELDS[field] as string;
}

/** Bytes that {@link fieldOfWords} looks at, from the head on: where fewer follow, {@link fieldOf} has to do. */
export const FIELD_WORDS_BYTES = 9;
/** Places of the names of up to 8 bytes, by {@link placeOf}: the field's number, −1 where a place is free. */
const PLACES = new Int8Array(128).fill(-1);
/** A name's head in msgpack and its two words, little endian, by field. */
const HEADS = new Uint8Array(FIELD_BYTES.length);
const LOW_WORDS = new Int32Array(FIELD_BYTES.length);
const HIGH_WORDS = new Int32Array(FIELD_BYTES.length);
/** What of the two words belongs to a name of so many bytes. */
const LOW_MASKS = new Int32Array(32).fill(-1);
const HIGH_MASKS = new Int32Array(32).fill(-1);
for (let length = 0; length < 8; length += 1) {
  LOW_MASKS[length] = length < 4 ? 2 ** (8 * length) - 1 : -1;
  HIGH_MASKS[length] = length < 4 ? 0 : 2 ** (8 * (length - 4)) - 1;
}

/** Found by trial: no two names share a place. */
const PLACE_FACTOR = 0x9e3779b1;

function placeOf(low: number, high: number): number {
  return Math.imul(low ^ high, PLACE_FACTOR) >>> 25;
}

for (const [field, bytes] of FIELD_BYTES.entries()) {
  if (bytes.length > 8) continue;
  const words = Buffer.alloc(8);
  bytes.copy(words);
  HEADS[field] = 0xa0 | bytes.length;
  LOW_WORDS[field] = words.readInt32LE(0);
  HIGH_WORDS[field] = words.readInt32LE(4);
  const place = placeOf(LOW_WORDS[field], HIGH_WORDS[field]);
  if (PLACES[place] !== -1) throw new Error(`two field names share a place: ${nameOf(field)}`);
  PLACES[place] = field;
}

/**
 * The number of the field whose name is the msgpack string with this head, from the 8 bytes after it as two words,
 * little endian. −1 where it is none, or one of more than 8 bytes: {@link fieldOf} tells.
 */
export function fieldOfWords(head: number, low: number, high: number): number {
  const length = head & 0x1f;
  const lowName = low & (LOW_MASKS[length] as number);
  const highName = high & (HIGH_MASKS[length] as number);
  const field = PLACES[placeOf(lowName, highName)] as number;
  if (field < 0 || HEADS[field] !== head) return -1;
  return LOW_WORDS[field] === lowName && HIGH_WORDS[field] === highName ? field : -1;
}

function find(first: Int8Array, bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const lead = bytes[start] as number;
  if (length === 0 || length >= NAME_ROOM || lead > 127) return -1;
  let number = first[length * 128 + lead] as number;
  while (number >= 0) {
    const name = number * NAME_ROOM;
    let i = 1;
    while (i < length && bytes[start + i] === NAMES[name + i]) i += 1;
    if (i === length) return number;
    number = NEXT[number] as number;
  }
  return -1;
}
