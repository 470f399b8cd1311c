import { Buffer, isUtf8 } from "node:buffer";
import { keyedHash } from "../bytes/keyed-hash.ts";

const INITIAL_SLOTS = 256;
/** Texts that are recalled without hashing. A power of two. */
const RECENT_SLOTS = 1024;
/** A slot is the highest bits of a mixture, as only they depend on all bits of what was multiplied. */
const RECENT_SHIFT = 32 - Math.log2(RECENT_SLOTS);
/** Longest such text, in words. */
const RECENT_WORDS = 8;
/** Memory of a string besides twice its length, bytes: measured with Node 24, hash table and decoded text included. */
const STRING_BYTES = 300;

/**
 * Interns byte strings: equal bytes get the same code, counted from 1; 0 means "absent".
 * Open addressing over the bytes' hash; no string is made until one is asked for.
 *
 * A dictionary may have a limit ({@link limit}). Strings beyond it get codes above {@link held}, which are valid until
 * {@link forgetTransient}.
 */
export class Dictionary {
  readonly #key0: number;
  readonly #key1: number;
  #slots = new Int32Array(INITIAL_SLOTS);
  #hashes = new Int32Array(INITIAL_SLOTS);
  #values: Uint8Array[] = [];
  #texts: (string | undefined)[] = [];
  #valid: boolean[] = [];
  #held = 0;
  #heldBytes = 0;
  #maxBytes = Infinity;
  /** Whether a string was beyond the limit: from then on all new ones are. */
  #full = false;
  /** Valid texts asked for lately: their codes, lengths, words (little endian) and last four bytes, by their slot. */
  readonly #recent = new Int32Array(RECENT_SLOTS);
  readonly #recentLengths = new Uint8Array(RECENT_SLOTS);
  readonly #recentWords = new Int32Array(RECENT_SLOTS * RECENT_WORDS);
  readonly #recentEnds = new Int32Array(RECENT_SLOTS);

  /** @param seed whole number below 2^53, the key of the hash: a random one where the strings come from strangers. */
  constructor(seed: number) {
    this.#key0 = seed | 0;
    this.#key1 = Math.floor(seed / 4294967296) | 0;
  }

  /** How many strings are held; the codes are 1…size. */
  get size(): number {
    return this.#values.length;
  }

  /** Strings held for good: their codes are 1…held. */
  get held(): number {
    return this.#held;
  }

  /** Memory of the strings held, bytes: an estimate, for accounting. */
  get byteLength(): number {
    return this.#heldBytes;
  }

  /** Limits the memory of further strings, bytes as {@link byteLength} counts them. */
  limit(moreBytes: number): void {
    this.#maxBytes = this.#heldBytes + moreBytes;
  }

  /** Forgets the strings beyond the limit; their codes are void, and given again. */
  forgetTransient(): void {
    const mask = this.#slots.length - 1;
    // The last added first: none of the others was displaced by it.
    for (let code = this.#values.length; code > this.#held; code -= 1) {
      let slot = (this.#hashes[code] as number) & mask;
      while (this.#slots[slot] !== code) slot = (slot + 1) & mask;
      this.#slots[slot] = 0;
    }
    this.#values.length = this.#held;
    this.#texts.length = this.#held;
    this.#valid.length = this.#held;
    this.#recentLengths.fill(0);
  }

  /** The code of bytes[start…end), new if they were not seen before. Cost: one hash, usually one probe. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = keyedHash(bytes, start, end, this.#key0, this.#key1);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const code = this.#slots[slot] as number;
      if (code === 0) break;
      if (this.#hashes[code] === hash && this.#equals(code, bytes, start, end)) return code;
      slot = (slot + 1) & mask;
    }
    const value = new Uint8Array(end - start);
    for (let i = start; i < end; i += 1) value[i - start] = bytes[i] as number;
    this.#values.push(value);
    this.#texts.push(undefined);
    this.#valid.push(isUtf8(value));
    const code = this.#values.length;
    this.#slots[slot] = code;
    if (code >= this.#hashes.length) {
      const grown = new Int32Array(this.#hashes.length * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[code] = hash;
    this.#hold(code, value.length);
    if (code * 2 > this.#slots.length) this.#grow();
    return code;
  }

  /** Holds a new string for good, unless the limit is reached: then this one and all further ones are transient. */
  #hold(code: number, length: number): void {
    const bytes = this.#heldBytes + STRING_BYTES + 2 * length;
    if (bytes > this.#maxBytes) this.#full = true;
    if (this.#full) return;
    this.#held = code;
    this.#heldBytes = bytes;
  }

  /**
   * The code of the valid, not empty text words[start…end), new if it was not seen before; 0 where the bytes are not valid UTF-8.
   * Texts that come again and again cost neither a hash nor a look at each byte. Nobody gains by choosing ones that
   * drive each other out: those are interned by the keyed hash as ever.
   */
  internWords(bytes: Uint8Array, words: DataView, start: number, end: number): number {
    const length = end - start;
    if (length > RECENT_WORDS * 4 || start + 4 > words.byteLength) {
      const code = this.intern(bytes, start, end);
      return this.isText(code) ? code : 0;
    }
    let first = words.getInt32(start, true);
    if (length < 4) first &= 2 ** (8 * length) - 1;
    const last = length < 4 ? first : words.getInt32(end - 4, true);
    let mixed = Math.imul(first, 0x9e3779b1) ^ last;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    const slot = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> RECENT_SHIFT;
    if (
      this.#recentLengths[slot] === length &&
      this.#recentEnds[slot] === last &&
      this.#equalsRecent(slot, words, start, end)
    ) {
      return this.#recent[slot] as number;
    }
    const code = this.intern(bytes, start, end);
    if (!this.isText(code)) return 0;
    this.#recent[slot] = code;
    this.#recentLengths[slot] = length;
    this.#recentEnds[slot] = last;
    for (let i = slot * RECENT_WORDS, at = start; at + 4 <= end; i += 1, at += 4) {
      this.#recentWords[i] = words.getInt32(at, true);
    }
    return code;
  }

  #equalsRecent(slot: number, words: DataView, start: number, end: number): boolean {
    for (let i = slot * RECENT_WORDS, at = start; at + 4 <= end; i += 1, at += 4) {
      if (this.#recentWords[i] !== words.getInt32(at, true)) return false;
    }
    return true;
  }

  /** The code of a text; the empty text is absent (0). */
  internText(text: string): number {
    if (text === "") return 0;
    const bytes = Buffer.from(text, "utf8");
    return this.intern(bytes, 0, bytes.length);
  }

  /** Whether a code's bytes are valid UTF-8; checked once, when the string was first seen. */
  isText(code: number): boolean {
    return this.#valid[code - 1] === true;
  }

  /** The bytes of a code from 1 to size. */
  bytes(code: number): Uint8Array {
    const value = this.#values[code - 1];
    if (value === undefined) throw new RangeError(`no string has the code ${code}`);
    return value;
  }

  /** The text of a code; "" for 0. */
  text(code: number): string {
    if (code === 0) return "";
    let text = this.#texts[code - 1];
    if (text === undefined) {
      const value = this.bytes(code);
      text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8");
      this.#texts[code - 1] = text;
    }
    return text;
  }

  /** Forgets everything; codes given before are void. */
  clear(): void {
    this.#slots = new Int32Array(INITIAL_SLOTS);
    this.#hashes = new Int32Array(INITIAL_SLOTS);
    this.#values = [];
    this.#texts = [];
    this.#valid = [];
    this.#held = 0;
    this.#heldBytes = 0;
    this.#full = false;
    this.#recentLengths.fill(0);
  }

  #equals(code: number, bytes: Uint8Array, start: number, end: number): boolean {
    const value = this.#values[code - 1] as Uint8Array;
    if (value.length !== end - start) return false;
    for (let i = 0; i < value.length; i += 1) {
      if (value[i] !== bytes[start + i]) return false;
    }
    return true;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let code = 1; code <= this.#values.length; code += 1) {
      let slot = (this.#hashes[code] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code;
    }
    this.#slots = slots;
  }
}
