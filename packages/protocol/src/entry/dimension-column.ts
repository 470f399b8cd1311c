import { Buffer } from "node:buffer";
import type { MsgpackWriter } from "../bytes/msgpack-writer.ts";
import type { Dictionary } from "./dictionary.ts";

const MAX_STAMP = 65_535;

/** A dimension's strings and codes of the entry in the making. */
export class DimensionColumn {
  readonly #dictionary: Dictionary;
  /** Local codes, 0 where {@link set} was not called. */
  codes = new Uint16Array(64);
  /** Dictionary codes in the order of their local code. */
  readonly strings: number[] = [];
  /** By dictionary code: the local code in the lower 16 bits, which holds where the upper ones are the stamp. */
  #local = new Int32Array(64);
  /** Another one for each entry: nothing is cleared between them. */
  #stamp = 1;

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  /** @param code of the event's string, not 0: what has none is not set */
  set(index: number, code: number): void {
    if (index >= this.codes.length) this.#growCodes(index);
    if (code >= this.#local.length) this.#growLocal(code);
    let local = this.#local[code] as number;
    if (local >>> 16 !== this.#stamp) {
      this.strings.push(code);
      local = (this.#stamp << 16) | this.strings.length;
      this.#local[code] = local;
    }
    this.codes[index] = local;
  }

  encode(writer: MsgpackWriter, count: number): void {
    const { strings } = this;
    if (count > this.codes.length) this.#growCodes(count);
    if (strings.length === 0) {
      writer.nil();
      return;
    }
    writer.array(2);
    writer.array(strings.length);
    for (const code of strings) writer.textBytes(this.#dictionary.bytes(code));
    if (strings.length <= 255) {
      writer.binary(Uint8Array.from(this.codes.subarray(0, count)), count);
    } else {
      const wide = Buffer.allocUnsafe(count * 2);
      for (let i = 0; i < count; i += 1) wide.writeUInt16LE(this.codes[i] as number, i * 2);
      writer.binary(wide, count * 2);
    }
  }

  clear(): void {
    if (this.strings.length > 0) this.codes.fill(0);
    this.strings.length = 0;
    this.#stamp += 1;
    if (this.#stamp <= MAX_STAMP) return;
    this.#local.fill(0);
    this.#stamp = 1;
  }

  #growCodes(index: number): void {
    const grown = new Uint16Array(Math.max(this.codes.length * 2, index + 1));
    grown.set(this.codes);
    this.codes = grown;
  }

  #growLocal(code: number): void {
    const local = new Int32Array(Math.max(this.#local.length * 2, code + 1));
    local.set(this.#local);
    this.#local = local;
  }
}
