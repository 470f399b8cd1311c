/**
 * The rare fields of an event: whatever has no column of its own travels as pairs of a field code (one byte) and the
 * field's msgpack value as it came. A `value` is the exception: it is written as canonical decimal text.
 */
import { Buffer } from "node:buffer";
import { unpack } from "msgpackr";
import type { ByteColumn } from "../bytes/byte-column.ts";
import { parseDecimal } from "../values/decimal.ts";
import type { EventRow } from "./event-row.ts";
import { ProtocolError } from "../errors.ts";
import { readString, skipValue, stringRead } from "../bytes/msgpack.ts";

/** Field codes. Never reorder: they are stored. */
export const RARE_ANONYMOUS_ID = 1;
export const RARE_REFERRER = 2;
export const RARE_URL = 3;
export const RARE_NAME = 4;
export const RARE_VALUE = 5;
export const RARE_CURRENCY = 6;
export const RARE_ORDER_ID = 7;
export const RARE_PROPERTIES = 8;
/** What only the platform itself writes: see identity-rows.ts and order-rows.ts. */
export const RARE_IDENTITY = 9;
export const RARE_COPY = 10;
export const RARE_ORDER = 11;
export const RARE_ORIGIN = 12;

/** Appends the anonymous ID bytes[start…end), of at most 255 bytes, of an event that has a user ID as well. */
export function addAnonymousId(
  rare: ByteColumn,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  rare.byte(RARE_ANONYMOUS_ID);
  // The head of a text of up to 255 bytes.
  rare.byte(0xd9);
  rare.byte(end - start);
  rare.range(bytes, start, end - start);
}

/** The decoded rare fields of one event. */
export interface RareFields {
  anonymousId: string;
  referrer: string;
  url: string;
  name: string;
  /** Units of 10^-12; undefined where the event has no value. */
  value: bigint | undefined;
  currency: string;
  orderId: string;
  /** The packed properties as a view, for whoever unpacks them; undefined where there are none. */
  properties: Uint8Array | undefined;
}

/**
 * Decodes a row's rare fields. For conversions, refunds and loading: not for every event of the hot path.
 * @throws ProtocolError `entry_malformed`
 */
export function readRareFields(row: EventRow): RareFields {
  return readRareBytes(row.rare, row.rareStart, row.rareLength);
}

/** {@link readRareFields} of a range of bytes. */
export function readRareBytes(bytes: Uint8Array, start: number, length: number): RareFields {
  const fields: RareFields = {
    anonymousId: "",
    referrer: "",
    url: "",
    name: "",
    value: undefined,
    currency: "",
    orderId: "",
    properties: undefined,
  };
  const end = start + length;
  let pos = start;
  while (pos < end) {
    const code = bytes[pos] as number;
    const next = skipValue(bytes, pos + 1, end);
    if (code === RARE_PROPERTIES) fields.properties = bytes.subarray(pos + 1, next);
    else if (code < RARE_IDENTITY || code > RARE_ORIGIN)
      assignText(fields, code, textAt(bytes, pos + 1, end));
    pos = next;
  }
  return fields;
}

/** Text of a rare field, "" where it is absent. @param code RARE_* @throws ProtocolError `entry_malformed` */
export function readRareText(
  bytes: Uint8Array,
  start: number,
  length: number,
  code: number,
): string {
  const end = start + length;
  let found = -1;
  for (let pos = start; pos < end; pos = skipValue(bytes, pos + 1, end)) {
    if (bytes[pos] === code) found = pos;
  }
  return found < 0 ? "" : textAt(bytes, found + 1, end);
}

/**
 * Finds the text of a rare field without making a string of it.
 * @returns where its bytes begin, −1 where it is absent; {@link rareRange} has their end then
 * @throws ProtocolError `entry_malformed`
 */
export function findRareText(
  bytes: Uint8Array,
  start: number,
  length: number,
  code: number,
): number {
  const end = start + length;
  for (let pos = start; pos < end; pos = skipValue(bytes, pos + 1, end)) {
    if (bytes[pos] !== code) continue;
    if (!readString(bytes, pos + 1, end)) break;
    rareRange.end = stringRead.end;
    return stringRead.start;
  }
  return -1;
}

/** What {@link findRareText} found last. */
export const rareRange = { end: 0 };

/** Unpacks properties that {@link readRareFields} found. */
export function unpackProperties(properties: Uint8Array): unknown {
  const value: unknown = unpack(properties);
  return value;
}

function textAt(bytes: Uint8Array, pos: number, end: number): string {
  if (!readString(bytes, pos, end)) {
    throw new ProtocolError("entry_malformed", "a rare field is not a string");
  }
  const length = stringRead.end - stringRead.start;
  return Buffer.from(bytes.buffer, bytes.byteOffset + stringRead.start, length).toString("utf8");
}

function assignText(fields: RareFields, code: number, text: string): void {
  switch (code) {
    case RARE_ANONYMOUS_ID:
      fields.anonymousId = text;
      break;
    case RARE_REFERRER:
      fields.referrer = text;
      break;
    case RARE_URL:
      fields.url = text;
      break;
    case RARE_NAME:
      fields.name = text;
      break;
    case RARE_VALUE:
      fields.value = parseDecimal(text);
      break;
    case RARE_CURRENCY:
      fields.currency = text;
      break;
    case RARE_ORDER_ID:
      fields.orderId = text;
      break;
    default:
      throw new ProtocolError("entry_malformed", `unknown rare field ${code}`);
  }
}
