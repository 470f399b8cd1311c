import {
  CHANNEL_DIMENSION,
  type EntryColumns,
  type EventRow,
  FLAG_ID_UUID,
  FLAG_TYPE_MASK,
} from "@tributary/protocol";
import type { DimensionTuples } from "./dimension-tuples.ts";
import { EventIds } from "./event-ids.ts";
import { IdFilter } from "./id-filter.ts";
import { MOST_STAGED } from "./most-staged.ts";
import { OriginTable } from "./origin-table.ts";
import { RecordPages, wordOf } from "./record-pages.ts";

/** Bit of a touchpoint's kind that says: its reference is a record of the origins, which has the combination of dimensions. */
export const HAS_ORIGIN = 0x20;
/** Steps for which a chain is followed to bring it into the cache. */
const MOST_WARMED = 64;
/** Words of a fact's record: four of its ID, then these. */
const OLDER = 4;
const REFERENCE = 5;
const TIME_LOW = 6;
/** The time's upper 16 bits, and above them the kind: type code in the low bits, ID_LONG, FLAG_ID_UUID and HAS_ORIGIN above. */
const TIME_HIGH = 7;
const KIND_SHIFT = 16;
const TIME_HIGH_MASK = 0xffff;
const WORD = 4_294_967_296;
/**
 * After every 64 appends 256 facts go into the next filter, so that it is complete when the full one holds a third more:
 * so many at once, because the processor then waits for the words of several at a time.
 */
const APPENDS_BETWEEN_FILLS = 64;
const FILLED_AT_ONCE = 256;
const fillHashes = new Int32Array(FILLED_AT_ONCE);

/**
 * The facts of a partition, numbered from 0, in records of 32 bytes: ID, time, kind, dimensions, and the next older fact
 * of the same user.
 */
export class FactTable {
  readonly #tuples: DimensionTuples;
  readonly #ids = new EventIds();
  readonly #records = new RecordPages();
  /** Origins of touchpoints that have a record of their own. */
  readonly origins = new OriginTable();
  #known: IdFilter;
  /** The full filter's successor, which is filled bit by bit: all at once would hold up everything for 100 ms and more. */
  #next: IdFilter | undefined;
  /** Facts that the successor has. */
  #filled = 0;
  readonly #stagedHashes = new Int32Array(MOST_STAGED);
  #size = 0;

  /** @param tuples that the facts' combinations of dimensions are in @param seed whole number, another a partition */
  constructor(tuples: DimensionTuples, seed: number) {
    this.#tuples = tuples;
    this.#known = new IdFilter(seed);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    const filters = this.#known.byteLength + (this.#next?.byteLength ?? 0);
    return this.#records.byteLength + this.#ids.byteLength + this.origins.byteLength + filters;
  }

  /**
   * Appends a fact whose ID is staged. It is in no user's chain yet.
   * @param event that it is: from 0 to 2^48 − 1 ms @param staged the number of its ID, see {@link stage}
   * @param type code, with {@link HAS_ORIGIN} where it holds
   * @param reference combination of dimensions or record of the origins; for conversions and refunds their place in the purchase
   *   table
   * @param older the next older fact of the same user, −1 for none @returns its number
   */
  append(
    { times }: EntryColumns,
    event: number,
    staged: number,
    type: number,
    reference: number,
    older: number,
  ): number {
    const fact = this.#size;
    if (fact % APPENDS_BETWEEN_FILLS === 0) this.#grow();
    this.#known.add(this.#stagedHashes[staged] as number);
    this.#records.reserve(fact);
    const words = this.#records.words(fact);
    const at = wordOf(fact);
    this.#ids.store(words, at, staged);
    words[at + OLDER] = older + 1;
    words[at + REFERENCE] = reference;
    const time = times[event] as number;
    words[at + TIME_LOW] = time;
    const kind = type | this.#ids.stagedKind(staged);
    words[at + TIME_HIGH] = Math.floor(time / WORD) | (kind << KIND_SHIFT);
    this.#size = fact + 1;
    return fact;
  }

  /**
   * Follows some facts' chains, all a step at a time, so that the processor waits for the records of all of them at once:
   * walking them one after the other then finds them in the cache. @param facts their first ones, which are overwritten
   */
  warm(facts: Int32Array, count: number): void {
    let open = count;
    for (let step = 0; open > 0 && step < MOST_WARMED; step += 1) {
      open = 0;
      for (let i = 0; i < count; i += 1) {
        const fact = facts[i] as number;
        if (fact < 0) continue;
        facts[i] = this.olderThan(fact);
        open += 1;
      }
    }
  }

  /** Time of a fact, ms since 1970. */
  timeOf(fact: number): number {
    const words = this.#records.words(fact);
    const at = wordOf(fact);
    return (
      ((words[at + TIME_HIGH] as number) & TIME_HIGH_MASK) * WORD + (words[at + TIME_LOW] as number)
    );
  }

  /** The next older fact of the same user, −1 for none. */
  olderThan(fact: number): number {
    return (this.#records.words(fact)[wordOf(fact) + OLDER] as number) - 1;
  }

  setOlder(fact: number, older: number): void {
    this.#records.words(fact)[wordOf(fact) + OLDER] = older + 1;
  }

  /** Type code of a fact. */
  typeOf(fact: number): number {
    return this.#kindOf(fact) & FLAG_TYPE_MASK;
  }

  /** Combination of dimensions or origin of a touchpoint; of a conversion or refund its place in the purchase table. */
  referenceOf(fact: number): number {
    return this.#records.words(fact)[wordOf(fact) + REFERENCE] as number;
  }

  /** Record of a touchpoint's origin; −1 where its combination of dimensions tells all of it. */
  originOf(fact: number): number {
    return (this.#kindOf(fact) & HAS_ORIGIN) === 0 ? -1 : this.referenceOf(fact);
  }

  /** Combination of dimensions of a touchpoint. */
  tupleOf(fact: number): number {
    const reference = this.referenceOf(fact);
    return (this.#kindOf(fact) & HAS_ORIGIN) === 0 ? reference : this.origins.tupleOf(reference);
  }

  /** Dictionary code of a touchpoint's channel. */
  channelOf(fact: number): number {
    return this.#tuples.code(this.tupleOf(fact), CHANNEL_DIMENSION);
  }

  /** Fills a row with a fact's time, type and ID (not its user, nor its dimensions). */
  load(fact: number, row: EventRow): void {
    const kind = this.#kindOf(fact);
    row.flags = kind & (FLAG_TYPE_MASK | FLAG_ID_UUID);
    row.time = this.timeOf(fact);
    this.#ids.load(this.#records.words(fact), this.#records.bytes(fact), wordOf(fact), kind, row);
    row.rareLength = 0;
  }

  /** Fills a row with a touchpoint's dimensions. */
  loadDimensions(fact: number, row: EventRow): void {
    this.#tuples.load(this.tupleOf(fact), row.dimensions);
  }

  /**
   * Stages the IDs of events `from` to `to` (exclusive; at most {@link MOST_STAGED}), numbered from 0, and brings the
   * words that they need into the cache.
   */
  stage(columns: EntryColumns, from: number, to: number): void {
    this.#ids.stage(columns, from, to, this.#stagedHashes);
    this.#known.touch(this.#stagedHashes, to - from);
  }

  /** Whether some fact may have a staged ID; false is certain. */
  mayHoldId(staged: number): boolean {
    return this.#known.mayHold(this.#stagedHashes[staged] as number);
  }

  /** Whether a fact's ID is a staged one. */
  idMatches(fact: number, staged: number): boolean {
    return this.#ids.matches(this.#records.words(fact), wordOf(fact), this.#kindOf(fact), staged);
  }

  /** Begins the full filter's successor, brings it on, or puts it in the full one's place when it has all facts. */
  #grow(): void {
    const next = this.#next;
    if (next === undefined) {
      if (this.#known.isFull) this.#next = this.#known.twice();
      return;
    }
    const from = this.#filled;
    const to = Math.min(from + FILLED_AT_ONCE, this.#size);
    for (let fact = from; fact < to; fact += 1) {
      const words = this.#records.words(fact);
      const at = wordOf(fact);
      const kind = (words[at + TIME_HIGH] as number) >>> KIND_SHIFT;
      fillHashes[fact - from] = this.#ids.hashOf(words, at, kind);
    }
    next.addAll(fillHashes, to - from);
    this.#filled = to;
    if (to < this.#size) return;
    this.#known = next;
    this.#next = undefined;
    this.#filled = 0;
  }

  #kindOf(fact: number): number {
    return (this.#records.words(fact)[wordOf(fact) + TIME_HIGH] as number) >>> KIND_SHIFT;
  }
}
