/**
 * JSON text (RFC 8259) to msgpack in one pass over the bytes, with no object or string a value. It writes what the
 * packer of body.ts writes for what `JSON.parse` reads of {@link wellFormedJson}, byte for byte; what it does not do itself it hands back.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { JsonKeys, MAX_KEYS } from "./keys.ts";
import { isDigit, isPlain, literalLength, skipWhite } from "./text.ts";
import { unescapeJson, unescaped } from "./unescape.ts";
import { headBytes, writeHead, writeNumber, writeStringHead } from "./packed-values.ts";

/** Deeper nesting is handed back: an event takes 3 levels, and its properties at most 8 more. */
const MAX_DEPTH = 16;

/** Most bytes of msgpack a byte of JSON becomes: "1.5" takes nine. */
const GROWTH = 3;
/** Room for heads, and for words that are copied whole over a string's end. */
const SLACK = 32;

/** Integers below 10^15 and these powers are exact in a double, so their quotient is rounded once, hence correctly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);

/** The top bit of each byte of a word. */
const NOT_ASCII = 0x80808080 | 0;

/** Appends JSON values to a reused buffer as msgpack. */
export class JsonToMsgpack {
  readonly #keys = new JsonKeys(MAX_DEPTH);
  readonly #heads = new Int32Array(MAX_DEPTH + 1);
  readonly #counts = new Int32Array(MAX_DEPTH + 1);
  readonly #maps = new Uint8Array(MAX_DEPTH + 1);
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #out = new Uint8Array(65_536);
  #outView = new DataView(this.#out.buffer);
  /** Where the string or number just read ends in the text. */
  #pos = 0;
  /** Bits of every word of a string: whether there was anything but ASCII. */
  #bits = 0;

  /** Bytes of the buffer that are written. */
  length = 0;

  /** What is written, from `start`; valid until the next {@link open}. */
  written(start: number): Uint8Array {
    return this.#out.subarray(start, this.length);
  }

  /** Takes a new text, and writes from `at` on; there is room for all of it then. */
  open(text: Uint8Array, at: number): void {
    // A Buffer and a Uint8Array are different shapes to the engine: one shape keeps every byte access monomorphic.
    this.#bytes = new Uint8Array(text.buffer, text.byteOffset, text.length);
    this.#view = new DataView(text.buffer, text.byteOffset, text.length);
    this.length = at;
    const room = at + GROWTH * text.length + SLACK;
    if (room <= this.#out.length) return;
    this.#out = new Uint8Array(Math.max(room, 2 * this.#out.length));
    this.#outView = new DataView(this.#out.buffer);
  }

  /** Appends bytes that are msgpack already: of a piece of the text that was handed back. */
  append(packed: Uint8Array): void {
    this.#out.set(packed, this.length);
    this.length += packed.length;
  }

  /** Writes the head of an array of `count` values so that it ends at `end`. @returns where it starts */
  headBefore(end: number, count: number): number {
    const start = end - headBytes(count);
    writeHead(this.#out, start, count, 0x90, 0xdc);
    return start;
  }

  /**
   * Appends the one value that text[start…end) holds.
   * @returns false, with nothing appended, where the text is not JSON and where it is left to `JSON.parse`: invalid
   *   UTF-8, nesting deeper than 16, a key twice in an object, more than 64 keys in one, and keys
   *   of digits, which JavaScript's objects put first
   */
  value(start: number, end: number): boolean {
    this.#bits = 0;
    const at = this.#transcode(start, end);
    if (at < 0) return false;
    // Outside strings there is nothing but ASCII, so the text as a whole is as valid as its strings are.
    if ((this.#bits & NOT_ASCII) !== 0 && !isUtf8(this.#bytes.subarray(start, end))) return false;
    this.length = at;
    return true;
  }

  /** @returns where the value ends in the buffer, −1 where it is handed back */
  #transcode(start: number, end: number): number {
    const bytes = this.#bytes;
    const out = this.#out;
    let pos = start;
    let at = this.length;
    let depth = 0;
    let count = 0;
    let inMap = false;
    for (;;) {
      pos = skipWhite(bytes, pos, end);
      if (pos >= end) return -1;
      const lead = bytes[pos] as number;
      let opened = false;
      if (lead === 0x22 || lead === 0x2d || (lead >= 0x30 && lead <= 0x39)) {
        at = lead === 0x22 ? this.#string(pos + 1, end, at) : this.#number(pos, end, at);
        if (at < 0) return -1;
        pos = this.#pos;
      } else if (lead === 0x7b || lead === 0x5b) {
        if (depth === MAX_DEPTH) return -1;
        this.#counts[depth] = count;
        this.#maps[depth] = inMap ? 1 : 0;
        depth += 1;
        this.#heads[depth] = at;
        count = 0;
        inMap = lead === 0x7b;
        if (inMap) this.#keys.open(depth);
        at += 1;
        pos = skipWhite(bytes, pos + 1, end);
        // An empty container is closed below; in any other, a first element follows, without a comma before it.
        opened = pos >= end || bytes[pos] !== (inMap ? 0x7d : 0x5d);
      } else {
        const length = literalLength(bytes, pos, end, lead);
        if (length === 0) return -1;
        out[at] = lead === 0x6e ? 0xc0 : lead === 0x74 ? 0xc3 : 0xc2;
        at += 1;
        pos += length;
      }
      if (!opened) {
        // A value is whole, or a container still empty: close what ends here, up to where another element follows.
        let empty = lead === 0x7b || lead === 0x5b;
        for (;;) {
          if (depth === 0) return skipWhite(bytes, pos, end) === end ? at : -1;
          if (!empty) count += 1;
          empty = false;
          pos = skipWhite(bytes, pos, end);
          if (pos >= end) return -1;
          const next = bytes[pos] as number;
          pos += 1;
          if (next === 0x2c) break;
          if (next !== (inMap ? 0x7d : 0x5d)) return -1;
          at = this.#close(this.#heads[depth] as number, at, count, inMap);
          depth -= 1;
          count = this.#counts[depth] as number;
          inMap = this.#maps[depth] === 1;
        }
      }
      if (inMap) {
        pos = skipWhite(bytes, pos, end);
        if (pos >= end || bytes[pos] !== 0x22 || count >= MAX_KEYS) return -1;
        const key = at;
        at = this.#string(pos + 1, end, at);
        if (at < 0 || !this.#keys.add(depth, count, out, key, at)) return -1;
        pos = skipWhite(bytes, this.#pos, end);
        if (pos >= end || bytes[pos] !== 0x3a) return -1;
        pos += 1;
      }
    }
  }

  /** Writes the head of a container whose elements are written, with one byte left for it. @returns the new end */
  #close(head: number, at: number, count: number, isMap: boolean): number {
    const more = headBytes(count) - 1;
    if (more > 0) this.#out.copyWithin(head + 1 + more, head + 1, at);
    if (isMap) writeHead(this.#out, head, count, 0x80, 0xde);
    else writeHead(this.#out, head, count, 0x90, 0xdc);
    return at + more;
  }

  /** A string from behind its opening quote. @returns where it ends in the buffer, −1 where it is handed back */
  #string(pos: number, end: number, at: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    let i = pos;
    let bits = 0;
    let stop = 0;
    // Four bytes at a time, until one of them is a quote, a backslash or below 0x20: subtracting sets the top bit of
    // such a byte, and of those after it perhaps, but of none before it.
    for (const last = end - 4; i <= last; i += 4) {
      const word = view.getInt32(i, true);
      const quote = word ^ 0x22222222;
      const backslash = word ^ 0x5c5c5c5c;
      bits |= word;
      stop =
        ((word - 0x20202020) | (quote - 0x01010101) | (backslash - 0x01010101)) & ~word & NOT_ASCII;
      if (stop !== 0) {
        i += (31 - Math.clz32(stop & -stop)) >> 3;
        break;
      }
    }
    if (stop === 0) {
      while (i < end && isPlain(bytes[i] as number)) {
        bits |= bytes[i] as number;
        i += 1;
      }
      if (i >= end) return -1;
    }
    this.#bits |= bits;
    const stopper = bytes[i] as number;
    if (stopper === 0x5c) return this.#escaped(pos, i, end, at);
    if (stopper !== 0x22) return -1;
    this.#pos = i + 1;
    const length = i - pos;
    const content = writeStringHead(this.#out, at, length);
    if (length > 256 || i + 4 > bytes.length) {
      this.#out.set(bytes.subarray(pos, i), content);
    } else {
      // Whole words: bytes written beyond the string's end are overwritten by what follows it.
      const outView = this.#outView;
      const shift = content - pos;
      for (let from = pos; from < i; from += 4) {
        outView.setInt32(from + shift, view.getInt32(from, true), true);
      }
    }
    return content + length;
  }

  /** A string with escapes, the first of them at `escape`. */
  #escaped(pos: number, escape: number, end: number, at: number): number {
    const out = this.#out;
    const content = at + 5;
    out.set(this.#bytes.subarray(pos, escape), content);
    if (!unescapeJson(this.#bytes, escape, end, out, content + escape - pos)) return -1;
    this.#pos = unescaped.next;
    // The end of an unescaped text was not looked at word by word.
    this.#bits |= NOT_ASCII;
    const length = unescaped.end - content;
    const start = writeStringHead(this.#out, at, length);
    out.copyWithin(start, content, unescaped.end);
    return start + length;
  }

  /** A number. @returns where it ends in the buffer, −1 where it is none */
  #number(pos: number, end: number, at: number): number {
    const bytes = this.#bytes;
    const negative = bytes[pos] === 0x2d;
    const first = negative ? pos + 1 : pos;
    let i = first;
    let mantissa = 0;
    if (i < end && bytes[i] === 0x30) {
      // No digit may follow a leading zero: one that does is refused as what follows the number.
      i += 1;
    } else {
      while (i < end && isDigit(bytes[i] as number)) {
        mantissa = mantissa * 10 + (bytes[i] as number) - 0x30;
        i += 1;
      }
    }
    let digits = i - first;
    if (digits === 0) return -1;
    let decimals = 0;
    let plain = true;
    if (i < end && bytes[i] === 0x2e) {
      i += 1;
      const point = i;
      while (i < end && isDigit(bytes[i] as number)) {
        mantissa = mantissa * 10 + (bytes[i] as number) - 0x30;
        i += 1;
      }
      decimals = i - point;
      if (decimals === 0) return -1;
      digits += decimals;
    }
    if (i < end && ((bytes[i] as number) | 0x20) === 0x65) {
      plain = false;
      i += 1;
      if (i < end && (bytes[i] === 0x2b || bytes[i] === 0x2d)) i += 1;
      const exponent = i;
      while (i < end && isDigit(bytes[i] as number)) i += 1;
      if (i === exponent) return -1;
    }
    this.#pos = i;
    if (!plain || digits > EXACT_DIGITS) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + pos, i - pos).toString("latin1");
      return writeNumber(this.#out, this.#outView, at, Number(text));
    }
    const value = decimals === 0 ? mantissa : mantissa / (POWERS_OF_TEN[decimals] as number);
    return writeNumber(this.#out, this.#outView, at, negative ? -value : value);
  }
}
