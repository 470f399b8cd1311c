/** Entries of the first read: nothing is known of their sizes yet. */
const FIRST_ENTRIES = 8;
/** What is left of a size that was seen, at each read that saw smaller ones. */
const DECAY = 0.9;

/** How many entries a read may ask for, so that it brings about so many bytes: Redis bounds a read in entries alone. */
export class ReadSize {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Bytes of the largest entry of late. */
  #largestBytes: number;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#largestBytes = maxBytes / FIRST_ENTRIES;
  }

  /** Entries that the next read may ask for, at least one. */
  get entries(): number {
    const fitting = Math.floor(this.#maxBytes / Math.max(1, this.#largestBytes));
    return Math.max(1, Math.min(this.#maxEntries, fitting));
  }

  /** Takes note of what a read brought. */
  note(entries: readonly { readonly block: Uint8Array }[]): void {
    let largest = 0;
    for (const { block } of entries) largest = Math.max(largest, block.length);
    this.#largestBytes = Math.max(largest, this.#largestBytes * DECAY);
  }
}
