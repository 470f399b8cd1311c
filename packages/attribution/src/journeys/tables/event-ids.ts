import { type EntryColumns, type EventRow, FLAG_ID_UUID, keyedHash } from "@tributary/protocol";
import { ByteArena } from "./byte-arena.ts";
import { hashOf } from "./id-filter.ts";
import { MOST_STAGED } from "./most-staged.ts";
import { loadWords } from "./short-words.ts";

/** Bit of a fact's kind that says: the ID is longer than four words and lies in the arena. */
const ID_LONG = 0x08;

const INLINE_BYTES = 15;

/**
 * Event IDs in four words each of their fact's record: a UUID as its bytes, a text of up to 15 bytes with its length
 * behind it, a longer text as place, length and 64-bit hash of its bytes in an arena (which are compared, so that equal
 * means equal). Those of the events in hand are staged in the same form.
 */
export class EventIds {
  readonly #arena = new ByteArena();
  readonly #staged = new Uint32Array(MOST_STAGED * 4);
  readonly #stagedKinds = new Uint8Array(MOST_STAGED);
  #columns: EntryColumns | undefined;
  #from = 0;

  /** Bytes held beside the records, for accounting. */
  get byteLength(): number {
    return this.#arena.bytes.length;
  }

  /**
   * Stages the IDs of events, numbered from 0 from then on. @param from the first of them, up to `to` (exclusive)
   * @param hashes filled with a hash an ID, for the filter
   */
  stage(columns: EntryColumns, from: number, to: number, hashes: Int32Array): void {
    const staged = this.#staged;
    const { flags, idStarts, idLengths, bytes } = columns;
    this.#columns = columns;
    this.#from = from;
    for (let i = from; i < to; i += 1) {
      const start = idStarts[i] as number;
      const length = idLengths[i] as number;
      const at = (i - from) * 4;
      let kind = (flags[i] as number) & FLAG_ID_UUID;
      if (kind !== 0 || length <= INLINE_BYTES) {
        loadWords(columns, start, length, staged, at);
        if (kind === 0) staged[at + 3] = (staged[at + 3] as number) | (length << 24);
      } else {
        kind = ID_LONG;
        staged[at] = 0;
        staged[at + 1] = length;
        staged[at + 2] = keyedHash(bytes, start, start + length, 1, 2);
        staged[at + 3] = keyedHash(bytes, start, start + length, 3, 4);
      }
      this.#stagedKinds[i - from] = kind;
      hashes[i - from] = this.hashOf(staged, at, kind);
    }
  }

  /** Kind bits of a staged ID. */
  stagedKind(staged: number): number {
    return this.#stagedKinds[staged] as number;
  }

  /** Hash of the ID in words[at … at + 4), for the filter. @param kind of the fact that has it */
  hashOf(words: Uint32Array, at: number, kind: number): number {
    // A long ID's first word is its place, which is not known while it is staged.
    const first = (kind & ID_LONG) === 0 ? (words[at] as number) : 0;
    return hashOf(first, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
  }

  /** Whether the ID in words[at … at + 4) is a staged one. @param kind of the fact that has it */
  matches(words: Uint32Array, at: number, kind: number, staged: number): boolean {
    const own = this.#staged;
    const from = staged * 4;
    if (
      words[at + 3] !== own[from + 3] ||
      words[at + 2] !== own[from + 2] ||
      words[at + 1] !== own[from + 1]
    ) {
      return false;
    }
    const stagedKind = this.#stagedKinds[staged];
    if ((kind & (FLAG_ID_UUID | ID_LONG)) !== stagedKind) return false;
    if (stagedKind !== ID_LONG) return words[at] === own[from];
    const { bytes, idStarts, idLengths } = this.#columns as EntryColumns;
    const index = this.#from + staged;
    const start = idStarts[index] as number;
    return this.#arena.equals(words[at] as number, bytes, start, idLengths[index] as number);
  }

  /** Writes a staged ID to words[at … at + 4). */
  store(words: Uint32Array, at: number, staged: number): void {
    const own = this.#staged;
    const from = staged * 4;
    if (this.#stagedKinds[staged] === ID_LONG) {
      const { bytes, idStarts, idLengths } = this.#columns as EntryColumns;
      const index = this.#from + staged;
      const start = idStarts[index] as number;
      words[at] = this.#arena.append(bytes, start, idLengths[index] as number);
    } else {
      words[at] = own[from] as number;
    }
    words[at + 1] = own[from + 1] as number;
    words[at + 2] = own[from + 2] as number;
    words[at + 3] = own[from + 3] as number;
  }

  /** Points the row's ID at the one in words[at … at + 4). @param bytes the same words as bytes @param kind the fact's */
  load(words: Uint32Array, bytes: Uint8Array, at: number, kind: number, row: EventRow): void {
    if ((kind & ID_LONG) !== 0) {
      row.id = this.#arena.bytes;
      row.idStart = words[at] as number;
      row.idLength = words[at + 1] as number;
      return;
    }
    row.id = bytes;
    row.idStart = at * 4;
    row.idLength = (kind & FLAG_ID_UUID) === 0 ? (bytes[at * 4 + INLINE_BYTES] as number) : 16;
  }
}
