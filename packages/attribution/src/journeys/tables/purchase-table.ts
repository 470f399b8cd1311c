import {
  type EntryColumns,
  type EventRow,
  findRareText,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  RARE_VALUE,
  type RareFields,
  readRareBytes,
  readRareText,
  TYPE_REFUND,
} from "@tributary/protocol";

const INITIAL = 64;

/**
 * The fields of conversions and refunds beyond a fact's columns: their rare fields as they came (value, currency, order ID),
 * their combination of dimensions, and for a conversion the number of its last result. They are a few percent of the facts.
 */
export class PurchaseTable {
  /** The fact that the purchase is. */
  facts = new Int32Array(INITIAL);
  /** User of the fact; −1 where it was erased. */
  users = new Int32Array(INITIAL);
  /** Revision of the next result: 0 before the first. */
  revisions = new Int32Array(INITIAL);
  /** Number of the batch that last marked it for a new result. */
  marks = new Float64Array(INITIAL);
  /** Why it was marked, index into REVISION_REASONS. */
  reasons = new Uint8Array(INITIAL);
  /** Combination of dimensions. */
  tuples = new Int32Array(INITIAL);
  /** Goal of the conversion's order, counted from 1; 0 for none: see GoalTable. */
  goals = new Int32Array(INITIAL);
  /** The conversion of the same goal that was added before, −1 for none. */
  nextOfGoal = new Int32Array(INITIAL);
  /** 1 where another conversion of the goal counts. */
  lost = new Uint8Array(INITIAL);
  #places = new Uint32Array(INITIAL);
  #lengths = new Uint16Array(INITIAL);
  #arena = new Uint8Array(4096);
  #arenaLength = 0;
  #size = 0;
  /** Refunds held. */
  refunds = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.facts.length * 40 + this.#arena.byteLength;
  }

  /**
   * Keeps a conversion or refund; its fact is set by the caller.
   * @param skipped bytes at the beginning of its rare fields that are not kept @returns its number
   */
  append(columns: EntryColumns, event: number, user: number, tuple: number, skipped = 0): number {
    const index = this.#size;
    if (index === this.facts.length) this.#grow();
    this.users[index] = user;
    this.revisions[index] = 0;
    this.marks[index] = 0;
    this.tuples[index] = tuple;
    this.goals[index] = 0;
    this.nextOfGoal[index] = -1;
    this.lost[index] = 0;
    const length = (columns.rareLengths[event] as number) - skipped;
    const end = columns.rareEnds[event] as number;
    this.#reserve(length);
    this.#arena.set(columns.bytes.subarray(end - length, end), this.#arenaLength);
    this.#places[index] = this.#arenaLength;
    this.#lengths[index] = length;
    this.#arenaLength += length;
    if (((columns.flags[event] as number) & FLAG_TYPE_MASK) === TYPE_REFUND) this.refunds += 1;
    this.#size = index + 1;
    return index;
  }

  /** Adds the purchase's rare fields to a row. */
  load(index: number, row: EventRow): void {
    row.rare = this.#arena;
    row.rareStart = this.#places[index] as number;
    row.rareLength = this.#lengths[index] as number;
    if (row.rareLength > 0) row.flags |= FLAG_RARE;
  }

  /** The purchase's decoded rare fields. */
  fields(index: number): RareFields {
    return readRareBytes(
      this.#arena,
      this.#places[index] as number,
      this.#lengths[index] as number,
    );
  }

  /** The purchase's value as it came, "" where it has none. */
  valueText(index: number): string {
    const place = this.#places[index] as number;
    return readRareText(this.#arena, place, this.#lengths[index] as number, RARE_VALUE);
  }

  /** The bytes that {@link findText} tells places of, until a purchase is appended. */
  get bytes(): Uint8Array {
    return this.#arena;
  }

  /** Where the text of a rare field begins, −1 where it is absent; `rareRange` has its end then. @param code RARE_* */
  findText(index: number, code: number): number {
    const place = this.#places[index] as number;
    return findRareText(this.#arena, place, this.#lengths[index] as number, code);
  }

  #grow(): void {
    const size = this.facts.length * 2;
    const copy = <T extends { set(from: ArrayLike<number>): void }>(
      to: T,
      from: ArrayLike<number>,
    ): T => {
      to.set(from);
      return to;
    };
    this.facts = copy(new Int32Array(size), this.facts);
    this.users = copy(new Int32Array(size), this.users);
    this.revisions = copy(new Int32Array(size), this.revisions);
    this.marks = copy(new Float64Array(size), this.marks);
    this.reasons = copy(new Uint8Array(size), this.reasons);
    this.tuples = copy(new Int32Array(size), this.tuples);
    this.goals = copy(new Int32Array(size), this.goals);
    this.nextOfGoal = copy(new Int32Array(size), this.nextOfGoal);
    this.lost = copy(new Uint8Array(size), this.lost);
    this.#places = copy(new Uint32Array(size), this.#places);
    this.#lengths = copy(new Uint16Array(size), this.#lengths);
  }

  #reserve(more: number): void {
    if (this.#arenaLength + more <= this.#arena.length) return;
    const arena = new Uint8Array(Math.max(this.#arena.length * 2, this.#arenaLength + more));
    arena.set(this.#arena);
    this.#arena = arena;
  }
}
