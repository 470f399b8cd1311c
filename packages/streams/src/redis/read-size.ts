/** Entries of the first read: nothing is known of their sizes yet. */
const FIRST_ENTRIES = 8;
/** What is left of a size that was seen, at each read that saw smaller ones. */
const DECAY = 0.9;
/** The same until the size of an entry is known: the first guess is a large one. */
const GUESS_DECAY = 0.5;

/** How many entries a read may ask for, so that it brings about so many bytes: Redis bounds a read in entries alone. */
export class ReadSize {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Bytes of the largest entry of late. */
  #largestBytes: number;
  #isGuess = true;

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

  /** Takes note of what a read brought, nothing where that was nothing. */
  note(entries: readonly { readonly block: Uint8Array }[]): void {
    if (entries.length === 0) return;
    let largest = 0;
    for (const { block } of entries) largest = Math.max(largest, block.length);
    const remembered = this.#largestBytes * (this.#isGuess ? GUESS_DECAY : DECAY);
    if (largest >= remembered) this.#isGuess = false;
    this.#largestBytes = Math.max(largest, remembered);
  }
}
