import {
  type EntryColumns,
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  isMessage,
  isTouchpointType,
  ProtocolError,
  TYPE_CONVERSION,
  TYPE_IDENTIFY,
  TYPE_IDENTITY,
  TYPE_REFUND,
} from "@tributary/protocol";
import type { Chains } from "./chains/chains.ts";
import type { JourneyTables } from "./chains/journey-tables.ts";
import type { Persons } from "./chains/persons.ts";
import { UserBounds } from "./chains/user-bounds.ts";
import type { IdentityResolution } from "./identity/resolution.ts";
import type { Orders } from "./orders/orders.ts";
import type { BatchCounts } from "./results/batch-counts.ts";
import { withReserve } from "./settings/reserve.ts";
import type { FactTable } from "./tables/fact-table.ts";
import { MOST_STAGED } from "./tables/most-staged.ts";
import { MAX_USERS, type UserTable } from "./tables/user-table.ts";
import type { BatchInHand } from "./vocabulary/batch-in-hand.ts";

/** Takes an entry's events, or another partition's message, as new facts of a partition, within its bounds. */
export class FactTaker {
  readonly #tables: JourneyTables;
  readonly #users: UserTable;
  readonly #facts: FactTable;
  readonly #batch: BatchInHand;
  readonly #columns: EntryColumns;
  readonly #persons: Persons;
  readonly #chains: Chains;
  readonly #identity: IdentityResolution;
  readonly #orders: Orders;
  readonly #bounds: UserBounds;
  /** Rows of the fact block in the making that are no facts of this partition: copies. */
  #copies = 0;

  constructor(
    tables: JourneyTables,
    persons: Persons,
    chains: Chains,
    identity: IdentityResolution,
    orders: Orders,
  ) {
    this.#tables = tables;
    this.#users = tables.users;
    this.#facts = tables.facts;
    this.#batch = tables.vocabulary.batch;
    this.#columns = this.#batch.columns;
    this.#persons = persons;
    this.#chains = chains;
    this.#identity = identity;
    this.#orders = orders;
    this.#bounds = new UserBounds(tables);
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#bounds.byteLength;
  }

  /** Copies of other partitions' facts that the batch added. */
  get copies(): number {
    return this.#copies;
  }

  /** Begins a batch. */
  begin(): void {
    this.#copies = 0;
  }

  /**
   * Takes an entry and appends its new facts to the fact block.
   * @returns whether it was a message: its records are noted for identity resolution
   * @throws ProtocolError where it cannot be decoded
   */
  take(entry: Uint8Array, counts: BatchCounts): boolean {
    const columns = this.#columns;
    this.#tables.vocabulary.read(entry);
    if (columns.problem !== undefined) throw columns.problem;
    if (isMessage(columns)) {
      this.#takeMessage(counts);
      return true;
    }
    const { vocabulary } = this.#tables;
    counts.accepted(columns);
    let taken = 0;
    for (let from = 0; from < columns.count; from += MOST_STAGED) {
      const to = this.#stage(from);
      for (let i = from; i < to; i += 1) {
        if (this.#takeEvent(i, i - from, counts)) continue;
        vocabulary.appendFacts(taken, i);
        taken = i + 1;
      }
    }
    vocabulary.appendFacts(taken, columns.count);
    return false;
  }

  /** Takes the facts of a committed block. @throws ProtocolError where a part of it cannot be decoded, after the rest */
  restore(block: Uint8Array, counts: BatchCounts): void {
    const columns = this.#columns;
    this.#tables.vocabulary.read(block);
    for (let from = 0; from < columns.count; from += MOST_STAGED) {
      const to = this.#stage(from);
      for (let i = from; i < to; i += 1) {
        const time = columns.times[i] as number;
        const tenant = columns.tenants[i] as number;
        if (((columns.flags[i] as number) & FLAG_TYPE_MASK) === TYPE_IDENTITY) {
          this.#noteRecord(i, i - from, counts);
          if (this.#batch.isOrderRecord(i)) counts.keptOrder(tenant, time);
          else counts.kept(tenant, time);
          continue;
        }
        const chain = this.#users.find(i - from);
        this.#chains.place(i, i - from, chain, false);
        const fact = this.#chains.insert(i, i - from, chain, this.#foldedTuple(i));
        this.#addPurchase(fact, this.#batch.isCopy(i));
        if (this.#batch.isCopy(i)) counts.kept(tenant, time);
        else counts.processed(tenant, time, time);
      }
    }
    if (columns.problem !== undefined) throw columns.problem;
  }

  /** Takes a message: records, and copies of facts. */
  #takeMessage(counts: BatchCounts): void {
    const columns = this.#columns;
    for (let from = 0; from < columns.count; from += MOST_STAGED) {
      const to = this.#stage(from);
      for (let i = from; i < to; i += 1) {
        if (((columns.flags[i] as number) & FLAG_TYPE_MASK) === TYPE_IDENTITY) {
          this.#noteRecord(i, i - from, counts);
        } else if (this.#takeCopy(i, i - from)) {
          this.#copies += 1;
          counts.kept(columns.tenants[i] as number, columns.times[i] as number);
          this.#tables.vocabulary.appendFacts(i, i + 1);
        }
      }
    }
  }

  /** @returns whether the copy is a new fact in this partition */
  #takeCopy(event: number, staged: number): boolean {
    if (!this.#batch.isCopy(event)) {
      throw new ProtocolError("entry_malformed", "not an entry: a message has an event in it");
    }
    if (this.#identity.erasures.dropsCopies) return false;
    const chain = this.#users.find(staged);
    if (!this.#chains.place(event, staged, chain, this.#facts.mayHoldId(staged))) return false;
    const tuple = this.#foldedTuple(event);
    const type = (this.#columns.flags[event] as number) & FLAG_TYPE_MASK;
    if (
      chain < 0
        ? this.#users.size >= this.#mostUsers(TYPE_IDENTIFY)
        : this.#bounds.exceededBy(chain, type, tuple) >= 0 ||
          this.#facts.size >= this.#mostFacts(type)
    ) {
      this.#identity.noteFull();
      return false;
    }
    const fact = this.#chains.insert(event, staged, chain, tuple);
    this.#addPurchase(fact, true);
    return true;
  }

  /** Notes a row of TYPE_IDENTITY: a record of an order, or of identity. */
  #noteRecord(index: number, staged: number, counts: BatchCounts): void {
    const columns = this.#columns;
    const orders = this.#orders;
    if (!orders.takeRecord(columns, index)) {
      this.#identity.noteRecord(columns, index, staged);
      return;
    }
    const tenant = columns.tenants[index] as number;
    if (orders.lost > 0) counts.duplicateOrders(tenant, orders.lost);
    if (orders.unmatched) counts.unmatchedRefund(tenant);
  }

  /**
   * Adds a new fact to its order, where it is a conversion or a refund.
   * @returns whether it is a duplicate order, or a refund whose order has no conversion
   */
  #addPurchase(fact: number, copied: boolean): boolean {
    const type = this.#facts.typeOf(fact);
    const chain = this.#chains.insertedChain;
    if (type === TYPE_CONVERSION) {
      return this.#orders.addConversion(this.#facts.referenceOf(fact), chain);
    }
    if (type !== TYPE_REFUND) return false;
    return this.#orders.refunds.add(this.#facts.referenceOf(fact), chain, copied);
  }

  /** The combination of the names that an event's stand for: its fact is written with its own. */
  #foldedTuple(event: number): number {
    const tuple = this.#batch.tuples[event] as number;
    const { flags, tenants } = this.#columns;
    if (!isTouchpointType((flags[event] as number) & FLAG_TYPE_MASK)) return tuple;
    return this.#tables.vocabulary.channels.folded(tenants[event] as number, tuple);
  }

  /** Stages the next events of the entry. @returns where they end */
  #stage(from: number): number {
    const to = Math.min(from + MOST_STAGED, this.#columns.count);
    this.#users.stage(this.#columns, from, to);
    this.#facts.stage(this.#columns, from, to);
    return to;
  }

  /** Takes one event: a duplicate, one dropped by a bound, or a new fact. @returns whether it is a new fact */
  #takeEvent(event: number, staged: number, counts: BatchCounts): boolean {
    const columns = this.#columns;
    const chains = this.#chains;
    const tenant = columns.tenants[event] as number;
    const chain = this.#users.find(staged);
    if (!chains.place(event, staged, chain, this.#facts.mayHoldId(staged))) {
      counts.duplicate(tenant);
      return false;
    }
    const type = (columns.flags[event] as number) & FLAG_TYPE_MASK;
    if (chain < 0 && this.#users.size >= this.#mostUsers(type)) {
      counts.droppedUser(tenant);
      return false;
    }
    const { tuples } = this.#batch;
    if (isTouchpointType(type)) {
      const { channels } = this.#tables.vocabulary;
      tuples[event] = channels.name(columns, event, tuples[event] as number);
    }
    const tuple = this.#foldedTuple(event);
    const exceeded = this.#bounds.exceededBy(chain, type, tuple);
    if (exceeded >= 0) {
      counts.droppedPerUser(tenant, exceeded);
      this.#noteDropped(event, chain);
      return false;
    }
    if (this.#facts.size >= this.#mostFacts(type)) {
      counts.droppedPerPartition(tenant);
      this.#noteDropped(event, chain);
      return false;
    }
    const fact = chains.insert(event, staged, chain, tuple);
    this.#bounds.add(chains.insertedChain, type, tuple);
    this.#noteIdentity(event, fact);
    const time = columns.times[event] as number;
    if (type !== TYPE_CONVERSION && type !== TYPE_REFUND) {
      counts.processed(tenant, time, time);
      return true;
    }
    const isLeftOver = this.#addPurchase(fact, false);
    if (type === TYPE_CONVERSION) {
      counts.processed(tenant, time, time);
      if (isLeftOver) counts.duplicateOrders(tenant, 1);
      return true;
    }
    counts.processed(tenant, time, Math.min(time, this.#orders.refunds.refundedMs));
    if (isLeftOver) counts.unmatchedRefund(tenant);
    return true;
  }

  /** Conversions, refunds and identity are the last to go. @param type code of the event that a user is added for */
  #mostUsers(type: number): number {
    const { maxUsers } = this.#tables.options;
    const isLast = type === TYPE_CONVERSION || type === TYPE_REFUND || type === TYPE_IDENTIFY;
    return isLast ? Math.min(withReserve(maxUsers), MAX_USERS) : maxUsers;
  }

  #mostFacts(type: number): number {
    const { maxFacts } = this.#tables.options;
    return type === TYPE_CONVERSION || type === TYPE_REFUND ? withReserve(maxFacts) : maxFacts;
  }

  /** An event without room for it as a fact still says whose its anonymous ID is. */
  #noteDropped(event: number, chain: number): void {
    const flags = this.#columns.flags[event] as number;
    if (chain < 0 || (flags & FLAG_ANONYMOUS) !== 0 || (flags & FLAG_RARE) === 0) return;
    this.#identity.noteEvent(this.#columns, event, chain);
  }

  /** Notes a new fact for identity resolution: it may name an anonymous ID, or belong to one that was decided on. */
  #noteIdentity(event: number, fact: number): void {
    const flags = this.#columns.flags[event] as number;
    const chain = this.#chains.insertedChain;
    if ((flags & FLAG_ANONYMOUS) !== 0) {
      if (this.#persons.active) this.#identity.noteFact(fact, chain);
    } else if ((flags & FLAG_RARE) !== 0) {
      this.#identity.noteEvent(this.#columns, event, chain);
    }
  }
}
