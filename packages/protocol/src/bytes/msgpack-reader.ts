import { Buffer } from "node:buffer";
import { ProtocolError } from "../errors.ts";
import {
  containerRead,
  describeValue,
  numberRead,
  readArrayHead,
  readNumber,
  readString,
  readUint,
  stringRead,
  truncated,
} from "./msgpack.ts";

/** Where a binary's bytes are; one object, reused by {@link MsgpackReader.findBinary}. */
export const binaryRead = { start: 0, length: 0 };

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
