/**
 * The few msgpack primitives that reading without decoding needs (https://github.com/msgpack/msgpack/blob/master/spec.md).
 * Whole values are left to msgpackr.
 */
import { ProtocolError } from "../errors.ts";

const scratch = new DataView(new ArrayBuffer(8));

/** The error for bytes that end within a value. */
export function truncated(): ProtocolError {
  return new ProtocolError("body_malformed", "msgpack ends in the middle of a value");
}

/** Big-endian unsigned integer of `width` bytes (1, 2 or 4). @throws ProtocolError where the bytes end early. */
export function readUint(bytes: Uint8Array, pos: number, width: number, end: number): number {
  if (pos + width > end) throw truncated();
  let value = 0;
  for (let i = 0; i < width; i += 1) value = value * 256 + (bytes[pos + i] as number);
  return value;
}

/** A decoded number and where the next value starts; one object, reused by {@link readNumber}. */
export const numberRead = { value: 0, next: 0 };

/**
 * Reads any msgpack number into {@link numberRead}. 64-bit integers above 2^53 lose their last bits, as in JSON.
 * @returns false, reading nothing, where the value is not a number.
 * @throws ProtocolError where the bytes end early.
 */
export function readNumber(bytes: Uint8Array, pos: number, end: number): boolean {
  const lead = bytes[pos] as number;
  if (lead <= 0x7f) return setNumber(lead, pos + 1);
  if (lead >= 0xe0) return setNumber(lead - 256, pos + 1);
  if (lead < 0xca || lead > 0xd3) return false;
  const width = lead < 0xcc ? 4 << (lead - 0xca) : 1 << ((lead - 0xcc) & 3);
  if (pos + 1 + width > end) throw truncated();
  for (let i = 0; i < width; i += 1) scratch.setUint8(i, bytes[pos + 1 + i] as number);
  const next = pos + 1 + width;
  switch (lead) {
    case 0xca:
      return setNumber(scratch.getFloat32(0), next);
    case 0xcb:
      return setNumber(scratch.getFloat64(0), next);
    case 0xcc:
      return setNumber(scratch.getUint8(0), next);
    case 0xcd:
      return setNumber(scratch.getUint16(0), next);
    case 0xce:
      return setNumber(scratch.getUint32(0), next);
    case 0xcf:
      return setNumber(scratch.getUint32(0) * 4294967296 + scratch.getUint32(4), next);
    case 0xd0:
      return setNumber(scratch.getInt8(0), next);
    case 0xd1:
      return setNumber(scratch.getInt16(0), next);
    case 0xd2:
      return setNumber(scratch.getInt32(0), next);
    default:
      return setNumber(scratch.getInt32(0) * 4294967296 + scratch.getUint32(4), next);
  }
}

function setNumber(value: number, next: number): true {
  numberRead.value = value;
  numberRead.next = next;
  return true;
}

/** Where a string's bytes are; one object, reused by {@link readString}. */
export const stringRead = { start: 0, end: 0 };

/**
 * Finds a msgpack string's bytes, into {@link stringRead}.
 * @returns false where the value is not a string. @throws ProtocolError where the bytes end early.
 */
export function readString(bytes: Uint8Array, pos: number, end: number): boolean {
  const lead = bytes[pos] as number;
  let start: number;
  let length: number;
  if ((lead & 0xe0) === 0xa0) {
    start = pos + 1;
    length = lead & 0x1f;
  } else if (lead >= 0xd9 && lead <= 0xdb) {
    const width = 1 << (lead - 0xd9);
    start = pos + 1 + width;
    length = readUint(bytes, pos + 1, width, end);
  } else {
    return false;
  }
  if (start + length > end) throw truncated();
  stringRead.start = start;
  stringRead.end = start + length;
  return true;
}

/** What a container holds and where its first element starts; one object, reused. */
export const containerRead = { count: 0, next: 0 };

/** Reads an array's head into {@link containerRead}; false where the value is not an array. */
export function readArrayHead(bytes: Uint8Array, pos: number, end: number): boolean {
  return readHead(bytes, pos, end, 0x90, 0xdc);
}

/** Reads a map's head into {@link containerRead} (count of pairs); false where the value is not a map. */
export function readMapHead(bytes: Uint8Array, pos: number, end: number): boolean {
  return readHead(bytes, pos, end, 0x80, 0xde);
}

function readHead(bytes: Uint8Array, pos: number, end: number, fix: number, wide: number): boolean {
  const lead = bytes[pos] as number;
  if ((lead & 0xf0) === fix) {
    containerRead.count = lead & 0x0f;
    containerRead.next = pos + 1;
    return true;
  }
  if (lead !== wide && lead !== wide + 1) return false;
  const width = 2 << (lead - wide);
  containerRead.count = readUint(bytes, pos + 1, width, end);
  containerRead.next = pos + 1 + width;
  return true;
}

/**
 * Position after the value at `pos`, whatever it is. Not recursive: hostile nesting costs nothing.
 * @throws ProtocolError where the bytes end early or hold the reserved byte 0xc1.
 */
export function skipValue(bytes: Uint8Array, pos: number, end: number): number {
  let remaining = 1;
  let at = pos;
  while (remaining > 0) {
    if (at >= end) throw truncated();
    remaining -= 1;
    const lead = bytes[at] as number;
    if (lead <= 0x7f || lead >= 0xe0) {
      at += 1;
    } else if (lead <= 0x8f) {
      remaining += 2 * (lead & 0x0f);
      at += 1;
    } else if (lead <= 0x9f) {
      remaining += lead & 0x0f;
      at += 1;
    } else if (lead <= 0xbf) {
      at += 1 + (lead & 0x1f);
    } else if (lead >= 0xdc && lead <= 0xdf) {
      const width = lead & 1 ? 4 : 2;
      remaining += readUint(bytes, at + 1, width, end) * (lead >= 0xde ? 2 : 1);
      at += 1 + width;
    } else {
      at = skipScalar(bytes, at, end, lead);
    }
  }
  if (at > end) throw truncated();
  return at;
}

/** Position after a value that holds no others (lead bytes 0xc0–0xdb). */
function skipScalar(bytes: Uint8Array, at: number, end: number, lead: number): number {
  switch (lead) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return at + 1;
    case 0xc4:
    case 0xc5:
    case 0xc6: {
      const width = 1 << (lead - 0xc4);
      return at + 1 + width + readUint(bytes, at + 1, width, end);
    }
    case 0xc7:
    case 0xc8:
    case 0xc9: {
      const width = 1 << (lead - 0xc7);
      return at + 2 + width + readUint(bytes, at + 1, width, end);
    }
    case 0xca:
    case 0xce:
    case 0xd2:
      return at + 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return at + 9;
    case 0xcc:
    case 0xd0:
      return at + 2;
    case 0xcd:
    case 0xd1:
      return at + 3;
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return at + 2 + (1 << (lead - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb: {
      const width = 1 << (lead - 0xd9);
      return at + 1 + width + readUint(bytes, at + 1, width, end);
    }
    default:
      throw new ProtocolError("body_malformed", "msgpack holds the reserved byte 0xc1");
  }
}

/** What the value at a lead byte is, in words for an error message. */
export function describeValue(lead: number): string {
  if (lead <= 0x7f || lead >= 0xe0 || (lead >= 0xcc && lead <= 0xd3)) return "an integer";
  if (lead === 0xca || lead === 0xcb) return "a number";
  if (lead <= 0x8f || lead === 0xde || lead === 0xdf) return "a map";
  if (lead <= 0x9f || lead === 0xdc || lead === 0xdd) return "an array";
  if (lead <= 0xbf || (lead >= 0xd9 && lead <= 0xdb)) return "a string";
  if (lead === 0xc0) return "null";
  if (lead === 0xc2 || lead === 0xc3) return "a boolean";
  if (lead >= 0xc4 && lead <= 0xc6) return "binary data";
  return "an extension type";
}
