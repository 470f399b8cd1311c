const INITIAL_WORDS = 256;
/** Words are doubled when they hold more IDs than this each: 8 to 16 bits an ID. */
const IDS_PER_WORD = 4;

/**
 * A Bloom filter over the IDs of a partition's facts, three bits of one word each (F. Putze, P. Sanders, J. Singler,
 * "Cache-, hash- and space-efficient Bloom filters", 2007): what it does not know is no duplicate, so that a new event
 * need not be compared with every fact of its user. It errs for one to five of a hundred, which costs that comparison.
 */
export class IdFilter {
  #words = new Uint32Array(INITIAL_WORDS);
  #size = 0;
  /** Means nothing: that it is kept keeps {@link touch}'s loads from being left out as useless. */
  touched = 0;

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#words.byteLength;
  }

  /** Whether the next {@link add} needs a {@link grow} before it. */
  get isFull(): boolean {
    return this.#size >= this.#words.length * IDS_PER_WORD;
  }

  /** @param hash of the ID, see {@link hashOf} @returns false: the ID was never added */
  mayHold(hash: number): boolean {
    const bits = bitsOf(hash);
    return ((this.#words[wordOf(hash, this.#words.length)] as number) & bits) === bits;
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
    const word = wordOf(hash, this.#words.length);
    this.#words[word] = (this.#words[word] as number) | bitsOf(hash);
    this.#size += 1;
  }

  /** Empties the filter and doubles it; what it held must be added again. */
  grow(): void {
    this.#words = new Uint32Array(this.#words.length * 2);
    this.#size = 0;
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

/** The upper bits choose the word … */
function wordOf(hash: number, words: number): number {
  return hash >>> (Math.clz32(words) + 1);
}

/** … and the lower 15 its bits. */
function bitsOf(hash: number): number {
  return (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31)) | (1 << ((hash >>> 10) & 31));
}
