import { FLAG_ID_UUID, keyedHash, type EventRow } from "@tributary/protocol";

/** Bit of a fact's kind that says: the ID is longer than a slot and lies in the arena. */
export const ID_LONG = 0x08;

const INLINE_BYTES = 15;
const WORDS = 4;

/**
 * Event IDs in 16 bytes each: a UUID as its bytes, a text of up to 15 bytes with its length behind it, a longer text
 * as place, length and 64-bit hash of its bytes in an arena (which are compared, so that equal means equal).
 */
export class IdColumn {
  #words = new Uint32Array(WORDS * 1024);
  #bytes = new Uint8Array(this.#words.buffer);
  #arena = new Uint8Array(4096);
  #arenaLength = 0;
  readonly #staged = new Uint32Array(WORDS);
  readonly #stagedBytes = new Uint8Array(this.#staged.buffer);
  #stagedKind = 0;
  #stagedRow: EventRow | undefined;

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#words.byteLength + this.#arena.byteLength;
  }

  /** Prepares a row's ID for {@link matches}, {@link compare} and {@link store}. @returns its kind bits */
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

  /** Whether the fact's ID is the staged one. @param kind the fact's */
  matches(fact: number, kind: number): boolean {
    const words = this.#words;
    const staged = this.#staged;
    const at = fact * WORDS;
    if (words[at + 3] !== staged[3] || words[at + 2] !== staged[2] || words[at + 1] !== staged[1]) {
      return false;
    }
    if ((kind & (FLAG_ID_UUID | ID_LONG)) !== this.#stagedKind) return false;
    if (this.#stagedKind !== ID_LONG) return words[at] === staged[0];
    const row = this.#stagedRow as EventRow;
    const place = words[at] as number;
    for (let i = 0; i < row.idLength; i += 1) {
      if (this.#arena[place + i] !== row.id[row.idStart + i]) return false;
    }
    return true;
  }

  /** Keeps the staged ID as that of `fact`, which must be the next one. */
  store(fact: number): void {
    const at = fact * WORDS;
    if (at + WORDS > this.#words.length) this.#grow();
    if (this.#stagedKind === ID_LONG) {
      const row = this.#stagedRow as EventRow;
      this.#reserve(row.idLength);
      this.#staged[0] = this.#arenaLength;
      this.#arena.set(row.id.subarray(row.idStart, row.idStart + row.idLength), this.#arenaLength);
      this.#arenaLength += row.idLength;
    }
    for (let i = 0; i < WORDS; i += 1) this.#words[at + i] = this.#staged[i] as number;
  }

  /** Points the row's ID at the fact's. @param kind the fact's */
  load(fact: number, kind: number, row: EventRow): void {
    const at = fact * 16;
    if ((kind & ID_LONG) !== 0) {
      row.id = this.#arena;
      row.idStart = this.#words[fact * WORDS] as number;
      row.idLength = this.#words[fact * WORDS + 1] as number;
      return;
    }
    row.id = this.#bytes;
    row.idStart = at;
    row.idLength = (kind & FLAG_ID_UUID) === 0 ? (this.#bytes[at + INLINE_BYTES] as number) : 16;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
  }

  #reserve(more: number): void {
    if (this.#arenaLength + more <= this.#arena.length) return;
    const arena = new Uint8Array(Math.max(this.#arena.length * 2, this.#arenaLength + more));
    arena.set(this.#arena);
    this.#arena = arena;
  }
}
