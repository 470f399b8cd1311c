import {
  COPY_MARK_BYTES,
  copyRevision,
  type EntryColumns,
  EventRow,
  FLAG_TYPE_MASK,
  isCopyDuplicateOrder,
  isTouchpointType,
  REASON_FIRST,
  REASON_LATE_TOUCHPOINT,
  TYPE_CONVERSION,
  TYPE_IMPRESSION,
  TYPE_REFUND,
} from "@tributary/protocol";
import { type FactTable, HAS_ORIGIN } from "../tables/fact-table.ts";
import { compareIds } from "../tables/id-order.ts";
import type { PurchaseTable } from "../tables/purchase-table.ts";
import type { UserTable } from "../tables/user-table.ts";
import type { BatchInHand } from "../vocabulary/batch-in-hand.ts";
import type { OriginReader } from "../vocabulary/origin-reader.ts";
import type { Duplicates } from "./duplicates.ts";
import type { ErasedChains } from "./erased-chains.ts";
import type { JourneyTables } from "./journey-tables.ts";
import type { Marks } from "./marks.ts";
import type { Persons } from "./persons.ts";

/**
 * The chains of a partition: the facts of each user key, newest first, by event time, then event ID. Finds the place of an
 * event of the entry in hand, adds it there, and marks the conversions whose result it changes.
 */
export class Chains {
  readonly #tables: JourneyTables;
  readonly #users: UserTable;
  readonly #facts: FactTable;
  readonly #purchases: PurchaseTable;
  readonly #persons: Persons;
  readonly #erased: ErasedChains;
  readonly #marks: Marks;
  readonly #duplicates: Duplicates;
  readonly #batch: BatchInHand;
  readonly #origins: OriginReader;
  readonly #columns: EntryColumns;
  readonly #row = new EventRow();
  readonly #other = new EventRow();
  /** The newest fact of the chain that is older than the event; −1 for none. Set by {@link place}. */
  #olderFact = -1;
  /** The oldest fact of the chain that is newer than the event; −1 for none. Set by {@link place}. */
  #newerFact = -1;
  /** The chain's conversions at or after the event's time. Set by {@link place}. */
  readonly #later: number[] = [];
  /** Chain of the fact added last. */
  insertedChain = -1;

  constructor(
    tables: JourneyTables,
    persons: Persons,
    erased: ErasedChains,
    marks: Marks,
    duplicates: Duplicates,
  ) {
    this.#tables = tables;
    this.#users = tables.users;
    this.#facts = tables.facts;
    this.#purchases = tables.purchases;
    this.#persons = persons;
    this.#erased = erased;
    this.#marks = marks;
    this.#duplicates = duplicates;
    this.#batch = tables.vocabulary.batch;
    this.#origins = tables.vocabulary.origins;
    this.#columns = this.#batch.columns;
  }

  /**
   * Finds an event's place in its chain, and the conversions at or after its time.
   * @param chain −1 for a new one @param checkAll compares the event's ID with the whole chain
   * @returns false for a duplicate
   */
  place(event: number, staged: number, chain: number, checkAll: boolean): boolean {
    const facts = this.#facts;
    if (this.#later.length > 0) this.#later.length = 0;
    this.#newerFact = -1;
    this.#olderFact = -1;
    if (chain < 0) return true;
    let fact = this.#users.headOf(chain);
    const eventTime = this.#columns.times[event] as number;
    if (!checkAll && this.#users.isBefore(chain, eventTime)) {
      this.#olderFact = fact;
      return true;
    }
    if (checkAll && this.#erased.hadId(chain, staged)) return false;
    let placed = false;
    while (fact >= 0) {
      if (checkAll && facts.idMatches(fact, staged)) return false;
      const time = facts.timeOf(fact);
      // A conversion in the same millisecond sees the touchpoint, whichever ID comes first.
      if (time >= eventTime && facts.typeOf(fact) === TYPE_CONVERSION) this.#later.push(fact);
      if (!placed) {
        if (time < eventTime || (time === eventTime && this.#idIsBelow(fact, event))) {
          this.#olderFact = fact;
          placed = true;
        } else {
          this.#newerFact = fact;
        }
      } else if (!checkAll && time < eventTime) {
        return true;
      }
      fact = facts.olderThan(fact);
    }
    return true;
  }

  /**
   * Adds an event as a fact at the place found, and marks the conversions whose result it changes.
   * @param known its chain, −1 for a new one @param tuple its combination of dimensions @returns the fact
   */
  insert(event: number, staged: number, known: number, tuple: number): number {
    const columns = this.#columns;
    const type = (columns.flags[event] as number) & FLAG_TYPE_MASK;
    const time = columns.times[event] as number;
    const facts = this.#facts;
    const chain = known < 0 ? this.#users.add(staged) : known;
    this.insertedChain = chain;
    const isPurchase = type === TYPE_CONVERSION || type === TYPE_REFUND;
    const copied = this.#batch.isCopy(event);
    const mayRepeat = this.#persons.active && facts.mayHoldId(staged);
    if (copied) this.#persons.addCopy(chain);
    const isTouch = isTouchpointType(type);
    let kind = type;
    let reference = tuple;
    if (isPurchase) reference = this.#appendPurchase(event, chain, tuple, copied);
    else if (isTouch && type !== TYPE_IMPRESSION && this.#origins.read(columns, event, tuple)) {
      kind |= HAS_ORIGIN;
      reference = facts.origins.append(tuple, this.#origins);
    }
    const fact = facts.append(columns, event, staged, kind, reference, this.#olderFact);
    if (this.#newerFact < 0) this.#users.setHead(chain, fact, time);
    else facts.setOlder(this.#newerFact, fact);
    this.#users.count(chain);
    if (isTouch) {
      const window = this.#tables.windows.of(columns.tenants[event] as number, type);
      for (const conversion of this.#later) {
        if (facts.timeOf(conversion) - time <= window) {
          this.#marks.mark(facts.referenceOf(conversion), REASON_LATE_TOUCHPOINT);
        }
      }
      if (this.#persons.active) this.#markOtherChains(chain, time, window);
    } else if (isPurchase) {
      this.#purchases.facts[reference] = fact;
      if (type === TYPE_CONVERSION) this.#marks.mark(reference, REASON_FIRST);
    }
    if (mayRepeat) this.#duplicates.markBehindFact(fact, chain);
    return fact;
  }

  /** @returns its number in the purchase table */
  #appendPurchase(event: number, chain: number, tuple: number, copied: boolean): number {
    const columns = this.#columns;
    const mark = copied ? COPY_MARK_BYTES : 0;
    const purchase = this.#purchases.append(columns, event, chain, tuple, mark);
    if (copied) {
      const end = columns.rareEnds[event] as number;
      const start = end - (columns.rareLengths[event] as number);
      this.#purchases.revisions[purchase] = copyRevision(columns.bytes, start);
      this.#purchases.lost[purchase] = isCopyDuplicateOrder(columns.bytes, start) ? 1 : 0;
    }
    return purchase;
  }

  #idIsBelow(fact: number, event: number): boolean {
    this.#facts.load(fact, this.#other);
    this.#columns.load(event, this.#row);
    return compareIds(this.#other, this.#row) < 0;
  }

  /** Marks the conversions in the journey's other chains whose path a new touchpoint joins. */
  #markOtherChains(chain: number, time: number, window: number): void {
    const facts = this.#facts;
    for (const other of this.#persons.journeyOf(chain)) {
      if (other === chain) continue;
      for (let fact = this.#users.headOf(other); fact >= 0; fact = facts.olderThan(fact)) {
        const age = facts.timeOf(fact) - time;
        if (age < 0) break;
        if (age > window || facts.typeOf(fact) !== TYPE_CONVERSION) continue;
        this.#marks.mark(facts.referenceOf(fact), REASON_LATE_TOUCHPOINT);
      }
    }
  }
}
