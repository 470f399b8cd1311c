const INITIAL_WORDS = 256;
/**
 * IDs that a word is made for, 2.5 to 3.4: filters with other seeds are full at other sizes, because the partitions of a
 * thread have as many facts each. A successor is complete when a full one holds a third more, so an ID has 7 to 17 bits.
 */
const LEAST_IDS_PER_WORD = 2.5;

/**
 * A Bloom filter over the IDs of a partition's facts, two bits in each of two words side by side (F. Putze, P. Sanders,
 * J. Singler, "Cache-, hash- and space-efficient Bloom filters", 2007): an ID that it does not hold is no duplicate, so that a
 * new event need not be compared with every fact of its user. It errs for one in a hundred or fewer, which costs that
 * comparison.
 */
export class IdFilter {
  readonly #words: Uint32Array;
  readonly #seed: number;
  #size = 0;
  /** Means nothing: that it is kept keeps {@link touch}'s loads from being left out as useless. */
  touched = 0;

  /** @param seed whole number @param words a power of two */
  constructor(seed: number, words = INITIAL_WORDS) {
    this.#seed = Math.abs(seed);
    this.#words = new Uint32Array(words);
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#words.byteLength;
  }

  /** Whether it holds as many IDs as it is made for; with more it errs more often. */
  get isFull(): boolean {
    return this.#size >= this.#words.length * (LEAST_IDS_PER_WORD + (this.#seed % 8) / 8);
  }

  /** @param hash of the ID, see {@link hashOf} @returns false: the ID was never added */
  mayHold(hash: number): boolean {
    const words = this.#words;
    const word = wordOf(hash, words.length);
    const mixed = mix20(hash);
    const low = lowBits(mixed);
    const high = highBits(mixed);
    return ((words[word] as number) & low) === low && ((words[word + 1] as number) & high) === high;
  }

  /** Brings the words of some hashes into the cache. */
  touch(hashes: Int32Array, count: number): void {
    const words = this.#words;
    let touched = 0;
    for (let i = 0; i < count; i += 1) {
      touched ^= words[wordOf(hashes[i] as number, words.length)] as number;
    }
    this.touched = touched;
  }

  add(hash: number): void {
    put(this.#words, hash);
    this.#size += 1;
  }

  /** Adds the first `count` of some hashes. */
  addAll(hashes: Int32Array, count: number): void {
    for (let i = 0; i < count; i += 1) put(this.#words, hashes[i] as number);
    this.#size += count;
  }

  /** An empty filter for twice as many IDs. */
  twice(): IdFilter {
    return new IdFilter(this.#seed, this.#words.length * 2);
  }
}

/** MurmurHash3 of an ID's four words. Two that collide cost a comparison, so it needs no key. */
export function hashOf(w0: number, w1: number, w2: number, w3: number): number {
  let hash = mix(mix(mix(mix(0, w0), w1), w2), w3);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mix(hash: number, word: number): number {
  const left = Math.imul(word, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((left << 15) | (left >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function put(words: Uint32Array, hash: number): void {
  const word = wordOf(hash, words.length);
  const mixed = mix20(hash);
  words[word] = (words[word] as number) | lowBits(mixed);
  words[word + 1] = (words[word + 1] as number) | highBits(mixed);
}

/** The upper bits choose the first of the two words … */
function wordOf(hash: number, words: number): number {
  return (hash >>> (Math.clz32(words) + 2)) * 2;
}

/**
 * … and 20 others the bits in them: others, because a table of a million words is chosen by 19 bits, and bits that the
 * place already says would be the same for all of its IDs.
 */
function mix20(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 12;
}

function lowBits(mixed: number): number {
  return (1 << (mixed & 31)) | (1 << ((mixed >>> 5) & 31));
}

function highBits(mixed: number): number {
  return (1 << ((mixed >>> 10) & 31)) | (1 << (mixed >>> 15));
}
