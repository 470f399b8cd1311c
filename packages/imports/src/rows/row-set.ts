import { ImportError } from "../errors.ts";

const INITIAL_SLOTS = 1 << 16;
const EMPTY = Object.freeze({ count: 0, content: 0 });

/** What was known of a digest. */
export interface SeenDigest {
  /** How often it was added before. */
  readonly count: number;
  /** As it was first added with. */
  readonly content: number;
}

/**
 * Digests, and how often each was added: an open-addressing table with linear probing. The digests are uniform, so their first
 * word is their place. Compares 96 of their bits. Holds 20 bytes a slot, at most two thirds of which are taken.
 */
export class RowSet {
  readonly #maxRows: number;
  #slots = INITIAL_SLOTS;
  #words = new Uint32Array(INITIAL_SLOTS * 5);
  #size = 0;

  /** @param maxRows most different digests */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Adds a digest.
   * @param digest at least 12 bytes
   * @param content 32 bits that are kept with it, of the first time
   * @throws ImportError `file` for more than the bound
   */
  add(digest: Buffer, content: number): SeenDigest {
    const a = digest.readUInt32LE(0);
    const b = digest.readUInt32LE(4);
    const c = digest.readUInt32LE(8);
    const words = this.#words;
    for (let slot = a & (this.#slots - 1); ; slot = (slot + 1) & (this.#slots - 1)) {
      const at = slot * 5;
      const count = words[at + 3] ?? 0;
      if (count === 0) {
        if (this.#size === this.#maxRows) throw tooManyRows(this.#maxRows);
        this.#size += 1;
        put(words, at, [a, b, c, 1, content]);
        if (this.#size * 3 > this.#slots * 2) this.#grow();
        return EMPTY;
      }
      if (words[at] !== a || words[at + 1] !== b || words[at + 2] !== c) continue;
      words[at + 3] = count + 1;
      return { count, content: words[at + 4] ?? 0 };
    }
  }

  #grow(): void {
    const before = this.#words;
    const slots = this.#slots * 2;
    const words = new Uint32Array(slots * 5);
    for (let at = 0; at < before.length; at += 5) {
      if (before[at + 3] === 0) continue;
      let slot = (before[at] ?? 0) & (slots - 1);
      while (words[slot * 5 + 3] !== 0) slot = (slot + 1) & (slots - 1);
      words.set(before.subarray(at, at + 5), slot * 5);
    }
    this.#slots = slots;
    this.#words = words;
  }
}

function put(words: Uint32Array, at: number, values: readonly number[]): void {
  for (let i = 0; i < values.length; i += 1) words[at + i] = values[i] ?? 0;
}

function tooManyRows(maxRows: number): ImportError {
  return new ImportError("file", `the file has more than ${maxRows} rows: import it in parts`);
}
