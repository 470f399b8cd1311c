import { FLAG_ID_UUID, keyedHash, type EventRow } from "@tributary/protocol";
import { ByteArena } from "./byte-arena.ts";
import { hashOf } from "./id-filter.ts";

/** Bit of a fact's kind that says: the ID is longer than four words and lies in the arena. */
export const ID_LONG = 0x08;

const INLINE_BYTES = 15;

/**
 * Event IDs in four words each of their fact's record: a UUID as its bytes, a text of up to 15 bytes with its length
 * behind it, a longer text as place, length and 64-bit hash of its bytes in an arena (which are compared, so that equal
 * means equal).
 */
export class EventIds {
  readonly #arena = new ByteArena();
  readonly #staged = new Uint32Array(4);
  readonly #stagedBytes = new Uint8Array(this.#staged.buffer);
  #stagedKind = 0;
  #stagedRow: EventRow | undefined;

  /** Bytes held beside the records, for accounting. */
  get byteLength(): number {
    return this.#arena.bytes.length;
  }

  /** Prepares a row's ID for {@link stagedHash}, {@link matches} and {@link store}. @returns its kind bits */
  stage(row: EventRow): number {
    const { id, idStart, idLength } = row;
    this.#stagedRow = row;
    this.#stagedKind = row.flags & FLAG_ID_UUID;
    const staged = this.#stagedBytes;
    if (this.#stagedKind !== 0) {
      for (let i = 0; i < 16; i += 1) staged[i] = id[idStart + i] as number;
    } else if (idLength <= INLINE_BYTES) {
      for (let i = 0; i < INLINE_BYTES; i += 1)
        staged[i] = i < idLength ? (id[idStart + i] as number) : 0;
      staged[INLINE_BYTES] = idLength;
    } else {
      this.#stagedKind = ID_LONG;
      this.#staged[0] = 0;
      this.#staged[1] = idLength;
      this.#staged[2] = keyedHash(id, idStart, idStart + idLength, 1, 2);
      this.#staged[3] = keyedHash(id, idStart, idStart + idLength, 3, 4);
    }
    return this.#stagedKind;
  }

  /** Hash of the staged ID, for the filter. */
  stagedHash(): number {
    return this.hashOf(this.#staged, 0, this.#stagedKind);
  }

  /** The same of the ID in words[at … at + 4). @param kind of the fact that has it */
  hashOf(words: Uint32Array, at: number, kind: number): number {
    // A long ID's first word is its place, which is not known while it is staged.
    const first = (kind & ID_LONG) === 0 ? (words[at] as number) : 0;
    return hashOf(first, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
  }

  /** Whether the ID in words[at … at + 4) is the staged one. @param kind of the fact that has it */
  matches(words: Uint32Array, at: number, kind: number): boolean {
    const staged = this.#staged;
    if (words[at + 3] !== staged[3] || words[at + 2] !== staged[2] || words[at + 1] !== staged[1]) {
      return false;
    }
    if ((kind & (FLAG_ID_UUID | ID_LONG)) !== this.#stagedKind) return false;
    if (this.#stagedKind !== ID_LONG) return words[at] === staged[0];
    const { id, idStart, idLength } = this.#stagedRow as EventRow;
    return this.#arena.equals(words[at] as number, id, idStart, idLength);
  }

  /** Writes the staged ID to words[at … at + 4). */
  store(words: Uint32Array, at: number): void {
    if (this.#stagedKind === ID_LONG) {
      const { id, idStart, idLength } = this.#stagedRow as EventRow;
      this.#staged[0] = this.#arena.append(id, idStart, idLength);
    }
    for (let i = 0; i < 4; i += 1) words[at + i] = this.#staged[i] as number;
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
