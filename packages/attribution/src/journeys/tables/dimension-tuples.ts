import {
  CHANNEL_DIMENSION,
  type Dictionary,
  DIMENSION_COUNT,
  type EntryColumns,
} from "@tributary/protocol";

const INITIAL = 256;
/** Memory of a combination, bytes: its codes, slots and channel names, in arrays that are up to half empty. */
export const TUPLE_BYTES = 96;
/** Code of the overflow value in every dimension that has a limit. */
export const OTHER_CODE = 1;
const NO_DICTIONARIES: readonly Dictionary[] = [];

/**
 * Interns the combination of an event's dimension codes: few combinations stand for many facts, so a fact holds four
 * bytes instead of twenty-four. It is bounded: in a combination OTHER_CODE stands for a string that its dictionary does not
 * hold, and beyond a number of combinations for every string but the channel's.
 */
export class DimensionTuples {
  /** DIMENSION_COUNT codes for each combination. */
  codes = new Int32Array(INITIAL * DIMENSION_COUNT);
  readonly #factors = new Int32Array(DIMENSION_COUNT);
  #slots = new Int32Array(INITIAL * 2);
  #size = 0;
  #hashes = new Int32Array(0);
  readonly #dictionaries: readonly Dictionary[];
  readonly #maxTuples: number;
  /** Whether a combination interned since {@link internAll} began stands for strings that it does not have. */
  overflows = false;

  /**
   * @param seed whole number below 2^53, secret where combinations come from strangers
   * @param dictionaries with a limit, one a dimension; without them every string is held
   * @param maxTuples beyond which only combinations of channels are added
   */
  constructor(seed: number, dictionaries = NO_DICTIONARIES, maxTuples = Infinity) {
    this.#dictionaries = dictionaries;
    this.#maxTuples = maxTuples;
    // Multilinear hashing: with secret odd factors nobody can choose codes that collide more often than chance.
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      const word = (seed + i * 0x9e3779b1) % 4294967296;
      this.#factors[i] = scramble(scramble(word) ^ Math.floor(seed / 4294967296)) | 1;
    }
  }

  /** Combinations held. */
  get size(): number {
    return this.#size;
  }

  /** Memory of the combinations, bytes: an estimate, for accounting. */
  get byteLength(): number {
    return this.#size * TUPLE_BYTES;
  }

  /** The numbers of all events' combinations, counted from 0. @param tuples filled, a number an event */
  internAll(columns: EntryColumns, tuples: Int32Array): void {
    const { count, dimensions, hasDimension } = columns;
    this.overflows = false;
    if (this.#hasTransient()) {
      this.#internBounded(columns, tuples);
      return;
    }
    if (count > this.#hashes.length) this.#hashes = new Int32Array(count * 2);
    const hashes = this.#hashes;
    hashes.fill(0, 0, count);
    for (let d = 0; d < DIMENSION_COUNT; d += 1) {
      if (hasDimension[d] === 0) continue;
      const codes = dimensions[d] as Int32Array;
      const factor = this.#factors[d] as number;
      for (let i = 0; i < count; i += 1) {
        hashes[i] = (hashes[i] as number) + Math.imul(codes[i] as number, factor);
      }
    }
    for (let i = 0; i < count; i += 1) {
      tuples[i] = this.#find(columns, i, hashes[i] as number);
    }
  }

  /** The number of a combination. @param codes DIMENSION_COUNT of them */
  intern(codes: Int32Array): number {
    if (!this.#hasTransient()) return this.#intern(codes);
    const bounded = this.#codes;
    for (let d = 0; d < DIMENSION_COUNT; d += 1) {
      const code = codes[d] as number;
      const isHeld = code <= (this.#dictionaries[d]?.held ?? Infinity);
      if (!isHeld) this.overflows = true;
      bounded[d] = isHeld ? code : OTHER_CODE;
    }
    return this.#intern(bounded);
  }

  /** Whether a dictionary has strings that it does not hold. */
  #hasTransient(): boolean {
    for (let d = 0; d < this.#dictionaries.length; d += 1) {
      const dictionary = this.#dictionaries[d] as Dictionary;
      if (dictionary.size > dictionary.held) return true;
    }
    return false;
  }

  #internBounded({ count, dimensions }: EntryColumns, tuples: Int32Array): void {
    const codes = this.#full;
    for (let i = 0; i < count; i += 1) {
      for (let d = 0; d < DIMENSION_COUNT; d += 1) codes[d] = dimensions[d]?.[i] as number;
      tuples[i] = this.intern(codes);
    }
  }

  #intern(codes: Int32Array): number {
    const hash = this.#hashOf(codes, 0);
    const shift = Math.clz32(this.#slots.length) + 1;
    const mask = this.#slots.length - 1;
    let slot = hash >>> shift;
    for (;;) {
      const found = (this.#slots[slot] as number) - 1;
      if (found < 0) break;
      if (this.#equals(found, codes)) return found;
      slot = (slot + 1) & mask;
    }
    return this.#add(codes, slot);
  }

  /** One code of a combination. */
  code(tuple: number, dimension: number): number {
    return this.codes[tuple * DIMENSION_COUNT + dimension] as number;
  }

  /** Copies a combination's codes to `codes`. */
  load(tuple: number, codes: Int32Array): void {
    const at = tuple * DIMENSION_COUNT;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) codes[i] = this.codes[at + i] as number;
  }

  readonly #codes = new Int32Array(DIMENSION_COUNT);
  readonly #others = new Int32Array(DIMENSION_COUNT);
  readonly #full = new Int32Array(DIMENSION_COUNT);

  #find(columns: EntryColumns, index: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash >>> (Math.clz32(slots.length) + 1);
    const { dimensions } = columns;
    for (;;) {
      const found = (slots[slot] as number) - 1;
      if (found < 0) break;
      const at = found * DIMENSION_COUNT;
      let d = 0;
      while (d < DIMENSION_COUNT && dimensions[d]?.[index] === this.codes[at + d]) d += 1;
      if (d === DIMENSION_COUNT) return found;
      slot = (slot + 1) & mask;
    }
    for (let d = 0; d < DIMENSION_COUNT; d += 1) {
      this.#codes[d] = dimensions[d]?.[index] as number;
    }
    return this.#add(this.#codes, slot);
  }

  #add(codes: Int32Array, slot: number): number {
    const index = this.#size;
    if (index >= this.#maxTuples && !isOfChannel(codes)) {
      this.overflows = true;
      const others = this.#others;
      for (let d = 0; d < DIMENSION_COUNT; d += 1) {
        const code = codes[d] as number;
        others[d] = d === CHANNEL_DIMENSION || code === 0 ? code : OTHER_CODE;
      }
      return this.#intern(others);
    }
    if ((index + 1) * DIMENSION_COUNT > this.codes.length) {
      const grown = new Int32Array(this.codes.length * 2);
      grown.set(this.codes);
      this.codes = grown;
    }
    this.codes.set(codes, index * DIMENSION_COUNT);
    this.#slots[slot] = index + 1;
    this.#size = index + 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return index;
  }

  #equals(index: number, codes: Int32Array): boolean {
    const at = index * DIMENSION_COUNT;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      if (this.codes[at + i] !== codes[i]) return false;
    }
    return true;
  }

  #hashOf(codes: Int32Array, at: number): number {
    let hash = 0;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      hash += Math.imul(codes[at + i] as number, this.#factors[i] as number);
    }
    return hash | 0;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const shift = Math.clz32(slots.length) + 1;
    const mask = slots.length - 1;
    for (let index = 0; index < this.#size; index += 1) {
      let slot = this.#hashOf(this.codes, index * DIMENSION_COUNT) >>> shift;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

/** Whether a combination has no string but its channel's. */
function isOfChannel(codes: Int32Array): boolean {
  for (let d = 0; d < DIMENSION_COUNT; d += 1) {
    if (d !== CHANNEL_DIMENSION && (codes[d] as number) > OTHER_CODE) return false;
  }
  return true;
}

/** MurmurHash3's finalizer. */
function scramble(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
