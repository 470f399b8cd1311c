/**
 * The journeys of one partition: takes batches of events, returns each batch's new facts and the results of the conversions
 * that they change. Deterministic: the same fact blocks in the same order always lead to the same state and the same
 * revisions, so that a partition can be rebuilt from its fact log. No clock, no I/O.
 */
import { type EntryColumns, EventRow, MAX_ENTRY_EVENTS, ProtocolError } from "@tributary/protocol";
import { BadEntryError } from "./bad-entry.ts";
import { Chains } from "./chains/chains.ts";
import { Duplicates } from "./chains/duplicates.ts";
import { ErasedChains } from "./chains/erased-chains.ts";
import type { JourneyTables } from "./chains/journey-tables.ts";
import { compareKeys, keyOfRow } from "./chains/key.ts";
import { Marks } from "./chains/marks.ts";
import { Persons } from "./chains/persons.ts";
import { FactTaker } from "./fact-taker.ts";
import { KeyHomes, type Place } from "./chains/key-homes.ts";
import { IdentityResolution } from "./identity/resolution.ts";
import type { BatchOutcome, RestoredBlock } from "./outcome.ts";
import { Orders } from "./orders/orders.ts";
import { OutgoingRows } from "./outgoing-rows.ts";
import { Attributor } from "./results/attributor.ts";
import { BatchCounts } from "./results/batch-counts.ts";
import type { JourneyOptions } from "./settings/options.ts";
import { TenantWindows } from "./settings/tenant-windows.ts";
import { FactTable } from "./tables/fact-table.ts";
import { PurchaseTable } from "./tables/purchase-table.ts";
import { UserTable } from "./tables/user-table.ts";
import type { BatchInHand } from "./vocabulary/batch-in-hand.ts";
import { Vocabulary } from "./vocabulary/vocabulary.ts";
import { Watermarks } from "./watermarks.ts";

/** A platform of one partition. */
const ONLY_PARTITION: Place = Object.freeze({ partition: 0, partitions: 1 });

export class PartitionState {
  readonly #vocabulary: Vocabulary;
  readonly #batch: BatchInHand;
  readonly #columns: EntryColumns;
  readonly #users: UserTable;
  readonly #facts: FactTable;
  readonly #purchases = new PurchaseTable();
  readonly #watermarks: Watermarks;
  readonly #maxResultBytes: number;
  readonly #persons = new Persons((a, b) => this.#compareKeys(a, b));
  readonly #marks = new Marks(this.#purchases);
  readonly #identity: IdentityResolution;
  readonly #orders: Orders;
  readonly #taker: FactTaker;
  readonly #attributor: Attributor;
  /** Rows of the fact block in the making that are records of erasures. */
  #erasureRows = 0;

  /**
   * @param seed secret whole number below 2^53, for tables keyed by strangers' strings
   * @param vocabulary may be shared with other partitions of the same thread
   */
  constructor(
    options: JourneyOptions,
    seed: number,
    vocabulary = new Vocabulary(seed),
    place = ONLY_PARTITION,
  ) {
    this.#vocabulary = vocabulary;
    this.#batch = vocabulary.batch;
    this.#columns = vocabulary.batch.columns;
    this.#maxResultBytes = options.maxResultBytes;
    this.#watermarks = new Watermarks(options.latenessMs);
    this.#users = new UserTable(seed);
    this.#facts = new FactTable(vocabulary.tuples, seed);
    const tables: JourneyTables = {
      options,
      windows: new TenantWindows(options, vocabulary.dictionaries.tenants),
      vocabulary,
      users: this.#users,
      facts: this.#facts,
      purchases: this.#purchases,
    };
    const erased = new ErasedChains(this.#facts);
    const duplicates = new Duplicates(tables, this.#persons, this.#marks);
    const chains = new Chains(tables, this.#persons, erased, this.#marks, duplicates);
    const homes = new KeyHomes(tables, place);
    const outgoing = new OutgoingRows(vocabulary.dictionaries);
    this.#orders = new Orders(
      tables,
      this.#persons,
      this.#marks,
      duplicates,
      homes,
      outgoing,
      seed,
    );
    this.#identity = new IdentityResolution(
      tables,
      homes,
      outgoing,
      this.#persons,
      erased,
      this.#marks,
      duplicates,
    );
    this.#taker = new FactTaker(tables, this.#persons, chains, this.#identity, this.#orders);
    this.#attributor = new Attributor(tables, this.#persons, this.#orders.refunds, duplicates);
  }

  /** Facts held. */
  get factCount(): number {
    return this.#facts.size;
  }

  /** Users held. */
  get userCount(): number {
    return this.#users.size;
  }

  /** Bytes of the columns and tables, for accounting; those that partitions share are not counted. */
  get byteLength(): number {
    const tables = this.#facts.byteLength + this.#users.byteLength + this.#purchases.byteLength;
    const others = this.#persons.byteLength + this.#identity.byteLength + this.#taker.byteLength;
    return tables + others + this.#orders.byteLength;
  }

  /**
   * Takes entries as one batch, as many as its bound on results allows, at least one: duplicates are removed, channels named, facts added, conversions attributed. A message of
   * erasures must be the first of them.
   * @param trace context (25 bytes) of the batch's span, which the blocks then carry
   * @param arrivedMs when each entry arrived, by its entry ID, or when the last one did, ms since 1970; it never falls.
   *   Watermarks are no later, and decisions are numbered by it
   * @throws BadEntryError where an entry cannot be decoded; the state is then void and must be rebuilt
   */
  process(
    entries: readonly Uint8Array[],
    trace?: Uint8Array,
    arrivedMs: number | readonly number[] = 0,
  ): BatchOutcome {
    const arrivals = typeof arrivedMs === "number" ? [arrivedMs] : arrivedMs;
    const lastArrivedMs = arrivals.at(-1) ?? 0;
    this.#begin(lastArrivedMs);
    const counts = new BatchCounts(this.#watermarks);
    let taken = 0;
    for (const [index, entry] of entries.entries()) {
      if (taken > 0 && this.#attributor.estimateBytes(this.#marks.marked) >= this.#maxResultBytes)
        break;
      taken += 1;
      try {
        if (this.#taker.take(entry, counts)) this.#appendErasures(counts);
      } catch (error) {
        if (error instanceof ProtocolError) throw new BadEntryError(index, error);
        throw error;
      }
    }
    counts.raiseWatermarks(arrivals[taken - 1] ?? lastArrivedMs);
    const { factBlock } = this.#batch;
    const { dictionaries } = this.#vocabulary;
    const factCount = factBlock.count - this.#taker.copies - this.#erasureRows;
    this.#identity.settle(lastArrivedMs);
    const records = this.#appendRecords(counts);
    const counted = this.#identity.counts;
    return {
      entries: taken,
      facts: this.#vocabulary.finishFacts(trace),
      factCount,
      records,
      ...this.#attributor.attribute(this.#marks.marked, trace),
      messages: this.#identity.finishMessages(),
      identity: { ...counted, full: counted.full + this.#orders.full },
      erases: this.#erasureRows > 0,
      overflowed: this.#vocabulary.overflowed,
      counts: counts.byTenant(dictionaries.tenants),
    };
  }

  /**
   * Takes a committed fact block: rebuilds what {@link process} left in memory, revisions included. A damaged block is taken
   * as far as it can be read: without it the partition could never be rebuilt.
   * @param arrivedMs as it was given to {@link process}
   */
  restore(block: Uint8Array, arrivedMs = 0): RestoredBlock {
    this.#begin(undefined);
    const counts = new BatchCounts(this.#watermarks);
    let unreadable: string | undefined;
    try {
      this.#taker.restore(block, counts);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      unreadable = error.message;
    }
    counts.raiseWatermarks(arrivedMs);
    this.#identity.settleRestored();
    this.#attributor.restore(this.#marks.marked);
    return { counts: counts.byTenant(this.#vocabulary.dictionaries.tenants), unreadable };
  }

  /** @param arrivedMs undefined where the batch is restored */
  #begin(arrivedMs: number | undefined): void {
    this.#marks.begin();
    this.#attributor.begin();
    this.#erasureRows = 0;
    this.#taker.begin();
    this.#identity.begin(arrivedMs);
    this.#orders.begin(arrivedMs === undefined);
    this.#vocabulary.begin();
  }

  /** Adds records of erasures, which come first in their batch, in the log as in time. Overwrites the entry in hand. */
  #appendErasures(counts: BatchCounts): void {
    const { erasures } = this.#identity;
    const blocks = erasures.finishLog();
    if (blocks.length === 0) return;
    const { factBlock } = this.#batch;
    if (factBlock.count > 0) throw new Error("a message of erasures is not the first of its batch");
    for (const block of blocks) {
      this.#readRecords(block, counts);
      this.#vocabulary.appendFacts(0, this.#columns.count);
      this.#erasureRows += this.#columns.count;
    }
    for (const [tenant, facts] of erasures.erasedFacts) counts.erased(tenant, facts);
  }

  /**
   * Adds identity's records to the fact block, behind its facts. Those for which it has no room make blocks of their own. A
   * conversion that such a block marks counts one revision too many when it is restored: the gap in its revisions is harmless.
   * @returns those blocks
   */
  #appendRecords(counts: BatchCounts): readonly Uint8Array[] {
    const more: Uint8Array[] = [];
    const { factBlock } = this.#batch;
    for (const block of this.#identity.finishLog()) {
      this.#readRecords(block, counts);
      const rows = this.#columns.count;
      if (more.length > 0 || factBlock.count + rows > MAX_ENTRY_EVENTS) more.push(block);
      else this.#vocabulary.appendFacts(0, rows);
    }
    return more;
  }

  /** Compares the user keys of two chains by their bytes. */
  #compareKeys(a: number, b: number): number {
    const row = new EventRow();
    this.#users.load(a, row);
    const key = keyOfRow(row);
    this.#users.load(b, row);
    return compareKeys(key, keyOfRow(row));
  }

  /** Reads a block of records, which becomes the entry in hand. */
  #readRecords(block: Uint8Array, counts: BatchCounts): void {
    const columns = this.#columns;
    this.#vocabulary.read(block);
    for (let i = 0; i < columns.count; i += 1) {
      const tenant = columns.tenants[i] as number;
      const time = columns.times[i] as number;
      if (this.#batch.isOrderRecord(i)) counts.keptOrder(tenant, time);
      else counts.kept(tenant, time);
    }
  }
}
