/** Words of four bytes in a record: 32 bytes, so that a cache line holds two whole ones. */
const RECORD_WORDS = 8;
const PAGE_BITS = 12;
const PAGE_RECORDS = 1 << PAGE_BITS;

/**
 * Records of 32 bytes, numbered from 0, in pages of 128 KiB. A record's fields lie side by side, because reading one
 * of a million records costs a cache miss, and columns would cost one each; and growing copies nothing, so that a full
 * table never needs its memory twice.
 */
export class RecordPages {
  readonly #words: Uint32Array[] = [];
  readonly #bytes: Uint8Array[] = [];

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#words.length * PAGE_RECORDS * RECORD_WORDS * 4;
  }

  /** The page of a record as words; the record's begin at {@link wordOf}. */
  words(record: number): Uint32Array {
    return this.#words[record >>> PAGE_BITS] as Uint32Array;
  }

  /** The page of a record as bytes; the record's begin at {@link byteOf}. */
  bytes(record: number): Uint8Array {
    return this.#bytes[record >>> PAGE_BITS] as Uint8Array;
  }

  /** Makes room for a record, which must be the next one. Its words are 0. */
  reserve(record: number): void {
    if (record >>> PAGE_BITS < this.#words.length) return;
    const words = new Uint32Array(PAGE_RECORDS * RECORD_WORDS);
    this.#words.push(words);
    this.#bytes.push(new Uint8Array(words.buffer));
  }
}

/** Where a record's words begin in its page. */
export function wordOf(record: number): number {
  return (record & (PAGE_RECORDS - 1)) * RECORD_WORDS;
}

/** Where a record's bytes begin in its page. */
export function byteOf(record: number): number {
  return wordOf(record) * 4;
}
