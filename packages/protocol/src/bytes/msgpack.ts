/**
 * The few msgpack primitives that reading without decoding needs (https://github.com/msgpack/msgpack/blob/master/spec.md),
 * and a small writer for the frames of our own blocks. Whole values are left to msgpackr.
 */
import { Buffer } from "node:buffer";
import { ProtocolError } from "../errors.ts";

const scratch = new DataView(new ArrayBuffer(8));

function truncated(): ProtocolError {
  return new ProtocolError("body_malformed", "msgpack ends in the middle of a value");
}

/** Big-endian unsigned integer of `width` bytes (1, 2 or 4). @throws ProtocolError where the bytes end early. */
function readUint(bytes: Uint8Array, pos: number, width: number, end: number): number {
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

/** Where a binary's bytes are; one object, reused by {@link MsgpackReader.findBinary}. */
export const binaryRead = { start: 0, length: 0 };

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

/** Appends msgpack values to a growing buffer: the frame of an entry or block. */
export class MsgpackWriter {
  // Not from the shared pool: what is finished may be transferred to another thread.
  #bytes: Buffer;
  #length = 0;

  constructor(sizeHint: number) {
    this.#bytes = Buffer.allocUnsafeSlow(sizeHint);
  }

  array(count: number): void {
    this.#lead(0x90, 15, count, 0xdc);
  }

  number(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value <= 0x7f) {
      this.#byte(value);
    } else if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) {
      this.#reserve(5);
      this.#bytes[this.#length] = 0xce;
      this.#length = this.#bytes.writeUInt32BE(value, this.#length + 1);
    } else {
      this.#reserve(9);
      this.#bytes[this.#length] = 0xcb;
      this.#length = this.#bytes.writeDoubleBE(value, this.#length + 1);
    }
  }

  nil(): void {
    this.#byte(0xc0);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value, "utf8");
    if (length < 32) {
      this.#byte(0xa0 | length);
    } else {
      this.#reserve(5);
      this.#bytes[this.#length] = 0xdb;
      this.#length = this.#bytes.writeUInt32BE(length, this.#length + 1);
    }
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length, "utf8");
  }

  /** A str value of UTF-8 bytes. */
  textBytes(value: Uint8Array): void {
    if (value.length < 32) {
      this.#byte(0xa0 | value.length);
    } else {
      this.#reserve(5);
      this.#bytes[this.#length] = 0xdb;
      this.#length = this.#bytes.writeUInt32BE(value.length, this.#length + 1);
    }
    this.raw(value, value.length);
  }

  /** A bin value of the first `length` bytes. */
  binary(value: Uint8Array, length: number): void {
    this.#reserve(5);
    if (length <= 0xff) {
      this.#bytes[this.#length] = 0xc4;
      this.#length = this.#bytes.writeUInt8(length, this.#length + 1);
    } else {
      this.#bytes[this.#length] = 0xc6;
      this.#length = this.#bytes.writeUInt32BE(length, this.#length + 1);
    }
    this.raw(value, length);
  }

  raw(value: Uint8Array, length: number): void {
    this.#reserve(length);
    this.#bytes.set(length === value.length ? value : value.subarray(0, length), this.#length);
    this.#length += length;
  }

  /** What was written; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #lead(fix: number, most: number, count: number, wide: number): void {
    if (count <= most) {
      this.#byte(fix | count);
      return;
    }
    this.#reserve(5);
    this.#bytes[this.#length] = wide + 1;
    this.#length = this.#bytes.writeUInt32BE(count, this.#length + 1);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Reads the frame of an entry or block value by value; a value of another type than asked for is an error. */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  #pos = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  array(): number {
    if (!readArrayHead(this.#bytes, this.#pos, this.#bytes.length)) throw this.#unexpected("array");
    this.#pos = containerRead.next;
    return containerRead.count;
  }

  number(): number {
    if (!readNumber(this.#bytes, this.#pos, this.#bytes.length)) throw this.#unexpected("number");
    this.#pos = numberRead.next;
    return numberRead.value;
  }

  /** Finds a str's bytes, into {@link stringRead}. */
  findText(): void {
    if (!readString(this.#bytes, this.#pos, this.#bytes.length)) throw this.#unexpected("string");
    this.#pos = stringRead.end;
  }

  /** A range of a str's bytes, as a view. */
  textBytes(): Uint8Array {
    this.findText();
    return this.#bytes.subarray(stringRead.start, stringRead.end);
  }

  text(): string {
    const view = this.textBytes();
    return Buffer.from(view.buffer, view.byteOffset, view.length).toString("utf8");
  }

  /** A bin's bytes, as a view. */
  binary(): Uint8Array {
    this.findBinary();
    const { start, length } = binaryRead;
    return this.#bytes.subarray(start, start + length);
  }

  /** Finds a bin's bytes, into {@link binaryRead}. */
  findBinary(): void {
    const lead = this.#bytes[this.#pos] as number;
    if (lead < 0xc4 || lead > 0xc6) throw this.#unexpected("binary");
    const width = 1 << (lead - 0xc4);
    const length = readUint(this.#bytes, this.#pos + 1, width, this.#bytes.length);
    const start = this.#pos + 1 + width;
    if (start + length > this.#bytes.length) throw truncated();
    this.#pos = start + length;
    binaryRead.start = start;
    binaryRead.length = length;
  }

  /** Consumes a nil and says so; anything else is left for the next read. */
  nil(): boolean {
    if (this.#bytes[this.#pos] !== 0xc0) return false;
    this.#pos += 1;
    return true;
  }

  #unexpected(wanted: string): ProtocolError {
    const lead = this.#bytes[this.#pos];
    const got = lead === undefined ? "the end" : describeValue(lead);
    return new ProtocolError(
      "entry_malformed",
      `expected ${wanted} at byte ${this.#pos}, got ${got}`,
    );
  }
}
