import { Buffer } from "node:buffer";

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
