import { Buffer } from "node:buffer";

const INITIAL_BYTES = 64 * 1024;
const TWO_32 = 4_294_967_296;
const LONG_COPY_BYTES = 48;
const ASCII_TEXT_CHARACTERS = 64;
const UUID_TEXT_BYTES = 36;
const DASH = 45;
const HEX_DIGITS = new Uint8Array(Buffer.from("0123456789abcdef", "latin1"));

/**
 * Writes ClickHouse's RowBinary format into one growing buffer, value after value in the order of the columns.
 * Strings are a LEB128 length and UTF-8; integers little endian; Decimal(P, S) an integer of 10^-S, of 64 bits up
 * to P = 18 and of 128 up to 38; DateTime64(3) an Int64 of ms; Nullable a byte before the value; Array a LEB128
 * count before its elements. LowCardinality(String) is written as String.
 *
 * Source: https://clickhouse.com/docs/interfaces/formats/RowBinary
 */
export class RowBinaryWriter {
  #bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  /** The bytes written, as a view that the next write makes invalid. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Drops the bytes after `length`: those of a row that turned out to be bad. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** A String from a range of UTF-8 bytes. */
  stringBytes(from: Uint8Array, start: number, length: number): void {
    this.#reserve(length + 5);
    this.#varint(length);
    const bytes = this.#bytes;
    const at = this.#length;
    if (length > LONG_COPY_BYTES) bytes.set(from.subarray(start, start + length), at);
    else for (let i = 0; i < length; i += 1) bytes[at + i] = from[start + i] as number;
    this.#length = at + length;
  }

  /** Bytes as they are, such as those of a FixedString. */
  bytes(from: Uint8Array, start: number, length: number): void {
    this.#reserve(length);
    this.#bytes.set(from.subarray(start, start + length), this.#length);
    this.#length += length;
  }

  /** A String. */
  string(text: string): void {
    if (text.length <= ASCII_TEXT_CHARACTERS && this.#asciiString(text)) return;
    const encoded = Buffer.from(text, "utf8");
    this.stringBytes(encoded, 0, encoded.length);
  }

  /** A String: the lower-case text of the 16 bytes of a UUID. */
  uuidText(from: Uint8Array, start: number): void {
    this.#reserve(UUID_TEXT_BYTES + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at] = UUID_TEXT_BYTES;
    at += 1;
    for (let i = 0; i < 16; i += 1) {
      if (i === 4 || i === 6 || i === 8 || i === 10) {
        bytes[at] = DASH;
        at += 1;
      }
      const byte = from[start + i] as number;
      bytes[at] = HEX_DIGITS[byte >> 4] as number;
      bytes[at + 1] = HEX_DIGITS[byte & 15] as number;
      at += 2;
    }
    this.#length = at;
  }

  /** An empty String. */
  emptyString(): void {
    this.uint8(0);
  }

  /** The count before an Array's elements. */
  arrayLength(count: number): void {
    this.#reserve(5);
    this.#varint(count);
  }

  /** A UInt8, a Bool, or the byte before a Nullable (1 is NULL). */
  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** A UInt64 below 2^53. */
  uint64(value: number): void {
    this.dateTime64(value);
  }

  /** A DateTime64(3), or any Int64 within ±2^53. @param ms whole number, milliseconds since 1970 */
  dateTime64(ms: number): void {
    this.#reserve(8);
    const high = Math.floor(ms / TWO_32);
    this.#view.setUint32(this.#length, ms - high * TWO_32, true);
    this.#view.setInt32(this.#length + 4, high, true);
    this.#length += 8;
  }

  /** A Decimal of at most 18 digits. @param units of its last digit */
  decimal64(units: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, units, true);
    this.#length += 8;
  }

  /** A Decimal of 19 to 38 digits. @param units of its last digit */
  decimal128(units: bigint): void {
    this.#reserve(16);
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, units), true);
    this.#view.setBigInt64(this.#length + 8, units >> 64n, true);
    this.#length += 16;
  }

  /** Writes short ASCII text without an intermediate buffer; false, with nothing written, for other text. */
  #asciiString(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at + 1 + i] = code;
    }
    bytes[at] = length;
    this.#length = at + 1 + length;
    return true;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest & 0x7f) | 0x80;
      this.#length += 1;
      rest >>>= 7;
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
