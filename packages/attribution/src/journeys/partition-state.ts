/**
 * The journeys of one partition: takes batches of events, gives the batch's new facts and the results that they lead
 * to. Deterministic: the same fact blocks in the same order always lead to the same state and the same revisions, which
 * is what makes rebuilding from the fact log right. No clock, no I/O.
 */
import {
  CHANNEL_DIMENSION,
  COPY_MARK_BYTES,
  copyRevision,
  EntryColumns,
  EntrySplicer,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  formatDecimal,
  isCopy,
  isMessage,
  isTouchpointType,
  MAX_ENTRY_EVENTS,
  ProtocolError,
  REASON_DUPLICATE,
  REASON_FIRST,
  REASON_LATE_TOUCHPOINT,
  REASON_MERGE,
  REASON_REFUND,
  ResultWriter,
  REVISION_REASONS,
  trimDecimal,
  TYPE_CONVERSION,
  TYPE_IDENTITY,
  TYPE_REFUND,
} from "@tributary/protocol";
import { MODEL_NAMES, creditAll } from "../models/registry.ts";
import { BadEntryError } from "./bad-entry.ts";
import { BatchCounts, type TenantCounts } from "./results/batch-counts.ts";
import {
  creditsOf,
  type DescribedResult,
  idText,
  MAX_DESCRIBED,
  MAX_DESCRIBED_TOUCHES,
} from "./results/described-result.ts";
import { FactTable } from "./tables/fact-table.ts";
import type { Message } from "./identity/messages.ts";
import { type IdentityCounts, type Place, Stitching } from "./identity/stitching.ts";
import { compareIds } from "./tables/id-order.ts";
import { MOST_STAGED } from "./tables/most-staged.ts";
import type { JourneyOptions } from "./settings/options.ts";
import { mergeChains } from "./results/merged-chain.ts";
import { PathBuffer } from "./results/path-buffer.ts";
import { PurchaseTable } from "./tables/purchase-table.ts";
import { TenantWindows } from "./settings/tenant-windows.ts";
import { UserTable } from "./tables/user-table.ts";
import { Vocabulary } from "./vocabulary/vocabulary.ts";
import { Watermarks } from "./watermarks.ts";

/** A result block is closed before it holds more touchpoints than this (an entry's codes reach 65,535 rows). */
const MAX_BLOCK_TOUCHES = 50_000;

/**
 * The entry in hand, the combination of dimensions that each of its events has, and the fact block in the making: those
 * of all partitions of a thread, which come one after the other, because they are as large as a batch.
 */
const columns = new EntryColumns();
let tuples = new Int32Array(1024);
const factBlock = new EntrySplicer();
/** Facts of journeys that are brought into the cache together. */
const warmed = new Int32Array(16);
/** A platform of one partition. */
const ALONE: Place = Object.freeze({ partition: 0, partitions: 1 });

/** A result block, and how many results it holds. */
export interface ResultBlockBytes {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** What a block of the fact log gave. */
export interface RestoredBlock {
  /** Its facts, by tenant. */
  readonly counts: Readonly<Record<string, TenantCounts>>;
  /** Why the rest of it cannot be read; undefined where all of it was. */
  readonly unreadable: string | undefined;
}

/** What a batch led to. */
export interface BatchOutcome {
  /** Fact block to append, or undefined where every event was a duplicate or dropped. */
  readonly facts: Uint8Array | undefined;
  readonly factCount: number;
  /** Further fact blocks, of records of identity that the first has no room for. */
  readonly records: readonly Uint8Array[];
  /** What other partitions are to be told. */
  readonly messages: readonly Message[];
  readonly identity: Readonly<IdentityCounts>;
  /** Result blocks to append. */
  readonly results: readonly ResultBlockBytes[];
  /** Conversions attributed, by reason (index into REVISION_REASONS). */
  readonly attributed: readonly number[];
  /** Whether the facts begin with records of erasures. */
  readonly erases: boolean;
  /** What became of the events, by tenant. */
  readonly counts: Readonly<Record<string, TenantCounts>>;
  /** The first results in words, where the batch is traced. */
  readonly described: readonly DescribedResult[];
}

export class PartitionState {
  readonly #options: JourneyOptions;
  readonly #maxWindowMs: number;
  readonly #vocabulary: Vocabulary;
  readonly #users: UserTable;
  readonly #facts: FactTable;
  readonly #purchases = new PurchaseTable();
  readonly #resultWriter: ResultWriter;
  readonly #path: PathBuffer;
  /** Rows for results and comparisons. */
  readonly #row = new EventRow();
  readonly #other = new EventRow();
  readonly #watermarks: Watermarks;
  readonly #windows: TenantWindows;
  readonly #stitching: Stitching;
  #batch = 0;
  #dirty: number[] = [];
  #described: DescribedResult[] = [];
  /** Conversions passed on the way to a new fact's place, which lie after it. */
  readonly #later: number[] = [];

  /**
   * @param seed secret whole number below 2^53, for tables keyed by strangers' strings
   * @param vocabulary may be other partitions' as well @param place of the partition among all
   */
  constructor(
    options: JourneyOptions,
    seed: number,
    vocabulary = new Vocabulary(seed),
    place = ALONE,
  ) {
    this.#options = options;
    this.#maxWindowMs = Math.max(options.clickWindowMs, options.viewWindowMs);
    this.#vocabulary = vocabulary;
    this.#watermarks = new Watermarks(options.latenessMs);
    this.#users = new UserTable(seed);
    this.#facts = new FactTable(vocabulary.tuples, seed);
    this.#resultWriter = new ResultWriter(MODEL_NAMES, this.#vocabulary.dictionaries);
    this.#path = new PathBuffer(MODEL_NAMES.length);
    this.#windows = new TenantWindows(options, vocabulary.dictionaries.tenants);
    this.#stitching = new Stitching({
      options,
      windows: this.#windows,
      place,
      vocabulary,
      users: this.#users,
      facts: this.#facts,
      purchases: this.#purchases,
      mark: (purchase, reason) => this.#mark(purchase, reason),
    });
  }

  /** Facts held. */
  get factCount(): number {
    return this.#facts.size;
  }

  /** Users held. */
  get userCount(): number {
    return this.#users.size;
  }

  /** Bytes of the columns and tables, for accounting; what partitions share is not counted. */
  get byteLength(): number {
    const tables = this.#facts.byteLength + this.#users.byteLength + this.#purchases.byteLength;
    return tables + this.#stitching.byteLength;
  }

  /**
   * Takes entries as one batch: duplicates are removed, channels named, facts added, conversions attributed. A message of
   * erasures must be the first of them.
   * @param trace context (25 bytes) of the batch's span, which the blocks then carry
   * @param positionMs time of the batch's last entry, ms since 1970, which never falls: decisions are numbered by it
   * @throws BadEntryError where an entry cannot be decoded; the state is then void and must be rebuilt
   */
  process(entries: readonly Uint8Array[], trace?: Uint8Array, positionMs = 0): BatchOutcome {
    this.#begin(positionMs);
    const counts = new BatchCounts(this.#watermarks);
    for (const [index, entry] of entries.entries()) {
      try {
        this.#takeEntry(entry, counts);
      } catch (error) {
        if (error instanceof ProtocolError) throw new BadEntryError(index, error);
        throw error;
      }
    }
    counts.raiseWatermarks();
    const factCount = factBlock.count - this.#kept;
    this.#stitching.settle(positionMs);
    const records = this.#appendRecords(counts);
    const facts =
      factBlock.count === 0
        ? undefined
        : factBlock.finish(this.#vocabulary.dictionaries, this.#vocabulary.tuples.codes, trace);
    const attributed = REVISION_REASONS.map(() => 0);
    this.#described = [];
    const results = this.#attribute(attributed, trace);
    return {
      facts,
      factCount,
      records,
      messages: this.#stitching.finishMessages(),
      identity: this.#stitching.counts,
      erases: this.#erases,
      results,
      attributed,
      counts: counts.byTenant(this.#vocabulary.dictionaries.tenants),
      described: this.#described,
    };
  }

  /**
   * Takes a fact block that was committed before: rebuilds what {@link process} left in memory, revisions included.
   * A damaged block is taken as far as it can be read: without it the partition could never be rebuilt.
   */
  restore(block: Uint8Array): RestoredBlock {
    this.#begin(undefined);
    const counts = new BatchCounts(this.#watermarks);
    let unreadable: string | undefined;
    try {
      this.#restoreFacts(block, counts);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      unreadable = error.message;
    }
    counts.raiseWatermarks();
    this.#stitching.settleRestored();
    for (const purchase of this.#dirty) {
      if (this.#ownerOf(this.#purchases.users[purchase] as number) < 0) continue;
      this.#purchases.revisions[purchase] = (this.#purchases.revisions[purchase] as number) + 1;
    }
    return { counts: counts.byTenant(this.#vocabulary.dictionaries.tenants), unreadable };
  }

  #restoreFacts(block: Uint8Array, counts: BatchCounts): void {
    this.#read(block);
    for (let from = 0; from < columns.count; from += MOST_STAGED) {
      const to = this.#stage(from);
      for (let i = from; i < to; i += 1) {
        const time = columns.times[i] as number;
        const tenant = columns.tenants[i] as number;
        if (((columns.flags[i] as number) & FLAG_TYPE_MASK) === TYPE_IDENTITY) {
          this.#stitching.noteRecord(columns, i, i - from);
          counts.kept(tenant, time);
          continue;
        }
        const user = this.#users.find(i - from);
        this.#place(i, i - from, user, false);
        this.#insert(i, i - from, user, tuples[i] as number);
        if (this.#isCopy(i)) counts.kept(tenant, time);
        else counts.processed(tenant, time, time);
      }
    }
    if (columns.problem !== undefined) throw columns.problem;
  }

  #begin(positionMs: number | undefined): void {
    this.#batch += 1;
    this.#dirty = [];
    this.#kept = 0;
    this.#erases = false;
    this.#stitching.begin(positionMs);
    factBlock.clear();
  }

  #takeEntry(entry: Uint8Array, counts: BatchCounts): void {
    this.#read(entry);
    if (columns.problem !== undefined) throw columns.problem;
    if (isMessage(columns)) {
      this.#takeMessage(counts);
      return;
    }
    counts.accepted(columns);
    let taken = 0;
    for (let from = 0; from < columns.count; from += MOST_STAGED) {
      const to = this.#stage(from);
      for (let i = from; i < to; i += 1) {
        if (this.#take(i, i - from, counts)) continue;
        factBlock.append(columns, taken, i, tuples);
        taken = i + 1;
      }
    }
    factBlock.append(columns, taken, columns.count, tuples);
  }

  /** An entry of another partition: records, and copies of its facts. */
  #takeMessage(counts: BatchCounts): void {
    for (let from = 0; from < columns.count; from += MOST_STAGED) {
      const to = this.#stage(from);
      for (let i = from; i < to; i += 1) {
        if (((columns.flags[i] as number) & FLAG_TYPE_MASK) === TYPE_IDENTITY) {
          this.#stitching.noteRecord(columns, i, i - from);
        } else if (this.#takeCopy(i, i - from)) {
          this.#kept += 1;
          counts.kept(columns.tenants[i] as number, columns.times[i] as number);
          factBlock.append(columns, i, i + 1, tuples);
        }
      }
    }
    this.#appendErasures(counts);
  }

  /** What was erased comes before all else of its batch, in the log as in time. Overwrites the entry in hand. */
  #appendErasures(counts: BatchCounts): void {
    const { erasures } = this.#stitching;
    const blocks = erasures.finishLog();
    if (blocks.length === 0) return;
    this.#erases = true;
    if (factBlock.count > 0) throw new Error("a message of erasures is not the first of its batch");
    for (const block of blocks) {
      this.#read(block);
      for (let i = 0; i < columns.count; i += 1) {
        counts.kept(columns.tenants[i] as number, columns.times[i] as number);
      }
      factBlock.append(columns, 0, columns.count, tuples);
      this.#kept += columns.count;
    }
    for (const [tenant, facts] of erasures.erasedFacts) counts.erased(tenant, facts);
  }

  /** @returns whether it is a new fact here */
  #takeCopy(event: number, staged: number): boolean {
    if (!this.#isCopy(event)) {
      throw new ProtocolError("entry_malformed", "not an entry: a message has an event in it");
    }
    if (this.#stitching.erasures.dropsCopies) return false;
    const user = this.#users.find(staged);
    if (!this.#place(event, staged, user, this.#facts.mayHoldId(staged))) return false;
    const { maxUsers, maxFacts, maxFactsPerUser } = this.#options;
    if (
      user < 0
        ? this.#users.size >= maxUsers
        : this.#users.countOf(user) >= maxFactsPerUser || this.#facts.size >= maxFacts
    ) {
      this.#stitching.noteFull();
      return false;
    }
    this.#insert(event, staged, user, tuples[event] as number);
    return true;
  }

  /** Whether an event is another partition's fact. */
  #isCopy(event: number): boolean {
    if (((columns.flags[event] as number) & FLAG_RARE) === 0) return false;
    const end = columns.rareEnds[event] as number;
    return isCopy(columns.bytes, end - (columns.rareLengths[event] as number));
  }

  /**
   * Adds what was decided to the fact block, behind its facts. What that has no room for makes blocks of its own; restored,
   * conversions of this batch then count a revision that was never given, which leaves a gap and does no harm.
   * @returns those blocks
   */
  #appendRecords(counts: BatchCounts): readonly Uint8Array[] {
    const more: Uint8Array[] = [];
    for (const block of this.#stitching.finishLog()) {
      this.#read(block);
      for (let i = 0; i < columns.count; i += 1) {
        counts.kept(columns.tenants[i] as number, columns.times[i] as number);
      }
      if (more.length > 0 || factBlock.count + columns.count > MAX_ENTRY_EVENTS) more.push(block);
      else factBlock.append(columns, 0, columns.count, tuples);
    }
    return more;
  }

  /** The user whose conversions a journey's are; −1 where they are none of this partition's. */
  #ownerOf(journey: number): number {
    const { owners } = this.#stitching;
    return owners.active ? owners.ownerOf(journey) : journey;
  }

  /** Reads an entry into {@link columns} and {@link tuples}. */
  #read(entry: Uint8Array): void {
    columns.read(entry, this.#vocabulary.dictionaries);
    if (columns.count > tuples.length) tuples = new Int32Array(columns.count * 2);
    this.#vocabulary.tuples.internAll(columns, tuples);
  }

  /** Stages the next events of the entry. @returns where they end */
  #stage(from: number): number {
    const to = Math.min(from + MOST_STAGED, columns.count);
    this.#users.stage(columns, from, to);
    this.#facts.stage(columns, from, to);
    return to;
  }

  /** One event: a duplicate, dropped by a bound, or a new fact. @returns whether it is one */
  #take(event: number, staged: number, counts: BatchCounts): boolean {
    const tenant = columns.tenants[event] as number;
    const user = this.#users.find(staged);
    if (!this.#place(event, staged, user, this.#facts.mayHoldId(staged))) {
      counts.duplicate(tenant);
      return false;
    }
    if (user < 0 && this.#users.size >= this.#options.maxUsers) {
      counts.droppedUser(tenant);
      return false;
    }
    if (user >= 0 && this.#users.countOf(user) >= this.#options.maxFactsPerUser) {
      counts.droppedPerUser(tenant);
      return false;
    }
    if (this.#facts.size >= this.#options.maxFacts) {
      counts.droppedPerPartition(tenant);
      return false;
    }
    const type = (columns.flags[event] as number) & FLAG_TYPE_MASK;
    let tuple = tuples[event] as number;
    if (isTouchpointType(type)) {
      tuple = this.#vocabulary.channels.name(columns, event, tuple);
      tuples[event] = tuple;
    }
    const fact = this.#insert(event, staged, user, tuple);
    this.#noteIdentity(event, fact);
    const time = columns.times[event] as number;
    if (type !== TYPE_REFUND) {
      counts.processed(tenant, time, time);
      return true;
    }
    counts.processed(tenant, time, Math.min(time, this.#refundedTime));
    // Where its conversions are another partition's, that one would know.
    if (this.#refundedTime === Infinity && this.#ownerOf(this.#insertedUser) >= 0) {
      counts.unmatchedRefund(tenant);
    }
    return true;
  }

  /** What a new fact may say of who is who, and to whom. */
  #noteIdentity(event: number, fact: number): void {
    const flags = columns.flags[event] as number;
    if ((flags & FLAG_ANONYMOUS) !== 0) {
      if (this.#stitching.owners.active) this.#stitching.noteFact(fact, this.#insertedUser);
    } else if ((flags & FLAG_RARE) !== 0) {
      this.#stitching.noteEvent(columns, event, this.#insertedUser);
    }
  }

  /** User of the fact added last. */
  #insertedUser = -1;
  /** Rows of the fact block in the making that are no facts of this partition: copies, and records of erasures. */
  #kept = 0;
  #erases = false;

  /** The newest fact of the user that is older than the row's event; −1 for none. Set by {@link #place}. */
  #olderFact = -1;
  /** The oldest fact of the user that is newer; −1 for none. */
  #newerFact = -1;

  /**
   * Finds an event's place in its user's chain (newest first, by time, then ID), and the conversions at or after its
   * time. @param user −1 for a new one @param checkAll walk the whole chain for an equal ID @returns false for a duplicate
   */
  #place(event: number, staged: number, user: number, checkAll: boolean): boolean {
    const facts = this.#facts;
    if (this.#later.length > 0) this.#later.length = 0;
    this.#newerFact = -1;
    this.#olderFact = -1;
    if (user < 0) return true;
    let fact = this.#users.headOf(user);
    const eventTime = columns.times[event] as number;
    if (!checkAll && this.#users.isBefore(user, eventTime)) {
      this.#olderFact = fact;
      return true;
    }
    if (checkAll && this.#stitching.erasures.hadId(user, staged)) return false;
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

  #idIsBelow(fact: number, event: number): boolean {
    this.#facts.load(fact, this.#other);
    columns.load(event, this.#row);
    return compareIds(this.#other, this.#row) < 0;
  }

  /**
   * Adds an event as a fact at the place found, and marks the conversions whose result it changes.
   * @param known its user, −1 for a new one @param tuple its dimensions @returns its number
   */
  #insert(event: number, staged: number, known: number, tuple: number): number {
    const type = (columns.flags[event] as number) & FLAG_TYPE_MASK;
    const time = columns.times[event] as number;
    const facts = this.#facts;
    const user = known < 0 ? this.#users.add(staged) : known;
    this.#insertedUser = user;
    const isPurchase = type === TYPE_CONVERSION || type === TYPE_REFUND;
    const copied = this.#isCopy(event);
    const mayRepeat = this.#stitching.owners.active && facts.mayHoldId(staged);
    if (copied) this.#stitching.owners.addCopy(user);
    const mark = copied ? COPY_MARK_BYTES : 0;
    const reference = isPurchase
      ? this.#purchases.append(columns, event, user, tuple, mark)
      : tuple;
    if (copied && isPurchase) {
      const end = columns.rareEnds[event] as number;
      const start = end - (columns.rareLengths[event] as number);
      this.#purchases.revisions[reference] = copyRevision(columns.bytes, start);
    }
    const fact = facts.append(columns, event, staged, type, reference, this.#olderFact);
    if (this.#newerFact < 0) this.#users.setHead(user, fact, time);
    else facts.setOlder(this.#newerFact, fact);
    this.#users.count(user);
    if (isTouchpointType(type)) {
      const window = this.#windows.of(columns.tenants[event] as number, type);
      for (const conversion of this.#later) {
        if (facts.timeOf(conversion) - time <= window) {
          this.#mark(facts.referenceOf(conversion), REASON_LATE_TOUCHPOINT);
        }
      }
      if (this.#stitching.owners.active) this.#markOthers(user, time, window);
    } else if (isPurchase) {
      this.#purchases.facts[reference] = fact;
      if (type === TYPE_CONVERSION) this.#mark(reference, REASON_FIRST);
      else this.#markRefunded(reference, user);
    }
    if (mayRepeat) this.#stitching.duplicates.markBehindFact(fact, user);
    return fact;
  }

  /** Journeys of the same person: the owner's and those linked to it, or this one alone. */
  #journeysWith(journey: number): readonly number[] {
    const { owners } = this.#stitching;
    const owner = this.#ownerOf(journey);
    if (owner < 0) return [journey];
    const linked = owners.linkedTo(owner);
    return linked.length === 0 ? [owner] : [owner, ...linked];
  }

  /** Marks the conversions of the person's other journeys that a new touchpoint lies before. */
  #markOthers(user: number, time: number, window: number): void {
    const facts = this.#facts;
    for (const journey of this.#journeysWith(user)) {
      if (journey === user) continue;
      for (let fact = this.#users.headOf(journey); fact >= 0; fact = facts.olderThan(fact)) {
        const age = facts.timeOf(fact) - time;
        if (age < 0) break;
        if (age > window || facts.typeOf(fact) !== TYPE_CONVERSION) continue;
        this.#mark(facts.referenceOf(fact), REASON_LATE_TOUCHPOINT);
      }
    }
  }

  #mark(purchase: number, reason: number): void {
    if (this.#purchases.marks[purchase] === this.#batch) return;
    this.#purchases.marks[purchase] = this.#batch;
    this.#purchases.reasons[purchase] = reason;
    this.#dirty.push(purchase);
  }

  /** Time of the oldest conversion that the last refund is of; Infinity for none. Set by {@link #markRefunded}. */
  #refundedTime = Infinity;

  /** Marks the conversions of the refund's order. */
  #markRefunded(refund: number, user: number): void {
    this.#refundedTime = Infinity;
    const { orderId } = this.#purchases.fields(refund);
    for (const journey of this.#journeysWith(user)) {
      const facts = this.#facts;
      for (let fact = this.#users.headOf(journey); fact >= 0; fact = facts.olderThan(fact)) {
        if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
        const purchase = facts.referenceOf(fact);
        if (this.#purchases.fields(purchase).orderId !== orderId) continue;
        this.#mark(purchase, REASON_REFUND);
        this.#refundedTime = Math.min(this.#refundedTime, facts.timeOf(fact));
      }
    }
  }

  /** Results of all conversions that the batch marked. @param attributed counts them by reason */
  #attribute(attributed: number[], trace: Uint8Array | undefined): ResultBlockBytes[] {
    const blocks: ResultBlockBytes[] = [];
    const writer = this.#resultWriter;
    const close = (): void => {
      if (trace !== undefined) writer.trace(trace);
      const { count } = writer;
      blocks.push({ count, bytes: writer.finish() });
    };
    for (const [i, purchase] of this.#dirty.entries()) {
      if (i % warmed.length === 0) this.#warm(i);
      const owner = this.#ownerOf(this.#purchases.users[purchase] as number);
      if (owner < 0) continue;
      const reason = this.#reasonOf(purchase, owner);
      const touches = this.#findPath(purchase, reason === REASON_DUPLICATE ? -1 : owner);
      if (writer.count > 0 && writer.touchCount + touches > MAX_BLOCK_TOUCHES) close();
      this.#writeResult(purchase, owner, reason, touches);
      if (trace !== undefined && i < MAX_DESCRIBED) this.#describe(purchase, reason, touches);
      attributed[reason] = (attributed[reason] as number) + 1;
    }
    if (writer.count > 0) close();
    return blocks;
  }

  /** Why it gets a result. What another partition had attributed before is not its first, though it is new here. */
  #reasonOf(purchase: number, owner: number): number {
    const isLinked = (this.#purchases.users[purchase] as number) !== owner;
    if (isLinked && this.#stitching.duplicates.has(purchase, owner)) return REASON_DUPLICATE;
    if (this.#purchases.revisions[purchase] === 0) return REASON_FIRST;
    const reason = this.#purchases.reasons[purchase] as number;
    return reason === REASON_FIRST ? REASON_MERGE : reason;
  }

  /** Brings the journeys of the next conversions into the cache. @param from place of the first in {@link #dirty} */
  #warm(from: number): void {
    const count = Math.min(warmed.length, this.#dirty.length - from);
    for (let i = 0; i < count; i += 1) {
      const user = this.#purchases.users[this.#dirty[from + i] as number] as number;
      // What was erased in this very batch is nobody's.
      warmed[i] = user < 0 ? -1 : this.#users.headOf(user);
    }
    this.#facts.warm(warmed, count);
  }

  /** Collects the conversion's touchpoints in path order. @param owner −1 for none of them @returns how many */
  #findPath(purchase: number, owner: number): number {
    const facts = this.#facts;
    const path = this.#path;
    const time = facts.timeOf(this.#purchases.facts[purchase] as number);
    path.clear();
    if (owner < 0) return 0;
    const tenant = this.#users.tenantOf(owner);
    const linked = this.#stitching.owners.linkedTo(owner);
    if (linked.length > 0) {
      const merged = this.#merged(owner, linked, time);
      for (const fact of merged) {
        const age = time - facts.timeOf(fact);
        if (age > this.#windows.of(tenant, facts.typeOf(fact))) continue;
        path.push(fact, age, facts.channelOf(fact) === this.#vocabulary.channels.directCode);
      }
      return path.length;
    }
    for (let fact = this.#users.headOf(owner); fact >= 0; fact = facts.olderThan(fact)) {
      const age = time - facts.timeOf(fact);
      if (age < 0) continue;
      if (age > this.#maxWindowMs) break;
      const type = facts.typeOf(fact);
      if (!isTouchpointType(type) || age > this.#windows.of(tenant, type)) continue;
      path.push(fact, age, facts.channelOf(fact) === this.#vocabulary.channels.directCode);
    }
    path.reverse();
    return path.length;
  }

  /** The touchpoints of several journeys up to a time, oldest first, each event ID once. */
  #merged(owner: number, linked: readonly number[], time: number): number[] {
    const facts = this.#facts;
    return mergeChains(
      facts,
      [owner, ...linked].map((journey) => this.#users.headOf(journey)),
      (fact) => {
        const age = time - facts.timeOf(fact);
        return age >= 0 && age <= this.#maxWindowMs && isTouchpointType(facts.typeOf(fact));
      },
    );
  }

  #writeResult(purchase: number, owner: number, reason: number, touches: number): void {
    const { facts, weights } = this.#path;
    const row = this.#other;
    const journey = this.#purchases.users[purchase] as number;
    const revision = this.#purchases.revisions[purchase] as number;
    this.#purchases.revisions[purchase] = revision + 1;
    this.#facts.load(this.#purchases.facts[purchase] as number, row);
    this.#users.load(owner, row);
    this.#vocabulary.tuples.load(this.#purchases.tuples[purchase] as number, row.dimensions);
    this.#purchases.load(purchase, row);
    const value = reason === REASON_DUPLICATE ? "" : this.#netValue(purchase, owner);
    const generation = this.#stitching.owners.generationOf(journey);
    const sentAs = journey === owner ? "" : this.#stitching.keyText(journey);
    this.#resultWriter.conversion(row, value, revision, reason, touches, generation, sentAs);
    for (let i = 0; i < touches; i += 1) {
      const fact = facts[i] as number;
      this.#facts.load(fact, row);
      this.#facts.loadDimensions(fact, row);
      this.#users.load(owner, row);
      this.#resultWriter.touch(row);
    }
    creditAll(this.#path, this.#options.models, weights);
    this.#resultWriter.weights(weights, touches * MODEL_NAMES.length);
  }

  /** Puts the result that was just written into words. */
  #describe(purchase: number, reason: number, touches: number): void {
    const row = this.#other;
    this.#facts.load(this.#purchases.facts[purchase] as number, row);
    const { facts, weights } = this.#path;
    const channels = this.#vocabulary.dictionaries.dimensions[CHANNEL_DIMENSION];
    this.#described.push({
      conversionId: idText(row),
      orderId: this.#purchases.fields(purchase).orderId,
      revision: (this.#purchases.revisions[purchase] as number) - 1,
      reason,
      touches,
      path: Array.from(
        facts.subarray(0, Math.min(touches, MAX_DESCRIBED_TOUCHES)),
        (fact) => channels?.text(this.#facts.channelOf(fact)) ?? "",
      ),
      credits: touches === 0 ? {} : creditsOf(MODEL_NAMES, weights, touches),
    });
  }

  /** The conversion's value less what its order's refunds took back, as decimal text; "" where it has no value. */
  #netValue(purchase: number, owner: number): string {
    if (this.#purchases.refunds === 0) {
      // Mostly there is nothing to compute, and decimals are slow.
      const text = this.#purchases.valueText(purchase);
      const value = text === "" ? "" : trimDecimal(text);
      if (value !== undefined) return value;
    }
    const { value, orderId, currency } = this.#purchases.fields(purchase);
    if (value === undefined) return "";
    let left = value;
    if (orderId !== "") {
      for (const fact of this.#refundsOf(owner)) {
        const refund = this.#purchases.fields(this.#facts.referenceOf(fact));
        if (refund.orderId !== orderId) continue;
        // A refund without a value takes all of it back; one in another currency cannot be subtracted and is left out.
        if (refund.value === undefined) left = 0n;
        else if (refund.currency === currency) left -= refund.value;
      }
    }
    return formatDecimal(left > 0n ? left : 0n);
  }

  /** The refunds of all of a person's journeys, each event ID once. */
  #refundsOf(owner: number): readonly number[] {
    const facts = this.#facts;
    const journeys = this.#journeysWith(owner);
    if (journeys.length > 1) {
      const heads = journeys.map((journey) => this.#users.headOf(journey));
      return mergeChains(facts, heads, (fact) => facts.typeOf(fact) === TYPE_REFUND);
    }
    const refunds: number[] = [];
    for (let fact = this.#users.headOf(owner); fact >= 0; fact = facts.olderThan(fact)) {
      if (facts.typeOf(fact) === TYPE_REFUND) refunds.push(fact);
    }
    return refunds;
  }
}
