import {
  CHANNEL_DIMENSION,
  EventRow,
  isTouchpointType,
  isWithdrawn,
  REASON_DUPLICATE,
  REASON_DUPLICATE_ORDER,
  REASON_FIRST,
  REASON_MERGE,
  ResultWriter,
  REVISION_REASONS,
} from "@tributary/protocol";
import { creditAll, MODEL_NAMES } from "../../models/registry.ts";
import type { Duplicates } from "../chains/duplicates.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import { keyOfRow, textOf } from "../chains/key.ts";
import { mergeChains } from "../chains/merged-chain.ts";
import type { OrderRefunds } from "../orders/order-refunds.ts";
import type { Persons } from "../chains/persons.ts";
import { idText } from "../tables/id-order.ts";
import {
  creditsOf,
  type DescribedResult,
  MAX_DESCRIBED,
  MAX_DESCRIBED_TOUCHES,
} from "./described-result.ts";
import { JourneyArrivals } from "./journey-arrivals.ts";
import { PathBuffer } from "./path-buffer.ts";

/** A result block is closed before it holds more touchpoints, or more results (an entry has 65,535 rows at most). */
const MAX_BLOCK_TOUCHES = 50_000;
const MAX_BLOCK_RESULTS = 50_000;
/** Chains that are brought into the cache together. */
const WARMED_AT_ONCE = 16;

/** Bytes of a result, and of each of its touchpoints: about the most that traffic makes of them. */
const RESULT_BYTES = 100;
const TOUCH_BYTES = 50;

/** A result block, and how many results it holds. */
export interface ResultBlockBytes {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** The results of a batch. */
export interface Attributed {
  readonly results: readonly ResultBlockBytes[];
  /** Conversions attributed, by reason (index into REVISION_REASONS). */
  readonly attributed: readonly number[];
  /** The first results in words, where the batch is traced. */
  readonly described: readonly DescribedResult[];
}

/** Finds the paths of conversions, credits their touchpoints under every streamed model, and writes result blocks. */
export class Attributor {
  readonly #tables: JourneyTables;
  readonly #maxWindowMs: number;
  readonly #persons: Persons;
  readonly #refunds: OrderRefunds;
  readonly #duplicates: Duplicates;
  readonly #writer: ResultWriter;
  readonly #path = new PathBuffer(MODEL_NAMES.length);
  readonly #arrivals: JourneyArrivals;
  readonly #row = new EventRow();
  readonly #warmed = new Int32Array(WARMED_AT_ONCE);
  /** Of the marked conversions, those that {@link estimateBytes} has counted, and their bytes. */
  #estimated = 0;
  #estimatedBytes = 0;

  constructor(
    tables: JourneyTables,
    persons: Persons,
    refunds: OrderRefunds,
    duplicates: Duplicates,
  ) {
    const { clickWindowMs, viewWindowMs } = tables.options;
    this.#tables = tables;
    this.#maxWindowMs = Math.max(clickWindowMs, viewWindowMs);
    this.#persons = persons;
    this.#refunds = refunds;
    this.#duplicates = duplicates;
    this.#arrivals = new JourneyArrivals(tables);
    this.#writer = new ResultWriter(MODEL_NAMES, tables.vocabulary.dictionaries);
  }

  /** Begins a batch. */
  begin(): void {
    this.#estimated = 0;
    this.#estimatedBytes = 0;
  }

  /**
   * About how many bytes the results of the marked conversions will take: each fact of a journey counts as a touchpoint of
   * each of its conversions. Cost: a look at the users of those marked since it was asked last.
   */
  estimateBytes(marked: readonly number[]): number {
    const { users } = this.#tables;
    for (; this.#estimated < marked.length; this.#estimated += 1) {
      const purchase = marked[this.#estimated] as number;
      const person = this.#personOf(purchase);
      if (person < 0) continue;
      let facts = users.countOf(person);
      for (const chain of this.#persons.linkedTo(person)) facts += users.countOf(chain);
      this.#estimatedBytes += RESULT_BYTES + facts * TOUCH_BYTES;
    }
    return this.#estimatedBytes;
  }

  /** Gives each marked conversion its next result. @param trace context (25 bytes) that the blocks carry */
  attribute(marked: readonly number[], trace: Uint8Array | undefined): Attributed {
    const attributed = REVISION_REASONS.map(() => 0);
    const results: ResultBlockBytes[] = [];
    const described: DescribedResult[] = [];
    const writer = this.#writer;
    for (let i = 0; i < marked.length; i += 1) {
      if (i % WARMED_AT_ONCE === 0) this.#warm(marked, i);
      const purchase = marked[i] as number;
      const person = this.#personOf(purchase);
      if (person < 0) continue;
      const reason = this.#reasonOf(purchase, person);
      const touches = isWithdrawn(reason) ? this.#noPath() : this.#findPath(purchase, person);
      if (
        writer.count >= MAX_BLOCK_RESULTS ||
        (writer.count > 0 && writer.touchCount + touches > MAX_BLOCK_TOUCHES)
      ) {
        results.push(this.#closeBlock(trace));
      }
      this.#writeResult(purchase, person, reason, touches);
      if (trace !== undefined && i < MAX_DESCRIBED) {
        described.push(this.#describe(purchase, reason, touches));
      }
      attributed[reason] = (attributed[reason] as number) + 1;
    }
    if (writer.count > 0) results.push(this.#closeBlock(trace));
    return { results, attributed, described };
  }

  /** Counts the results that marked conversions had been given when their facts were committed. */
  restore(marked: readonly number[]): void {
    const { revisions } = this.#tables.purchases;
    for (const purchase of marked) {
      if (this.#personOf(purchase) < 0) continue;
      revisions[purchase] = (revisions[purchase] as number) + 1;
    }
  }

  /** Whose conversion it is; −1 where another partition credits it, or it was erased. */
  #personOf(purchase: number): number {
    const chain = this.#tables.purchases.users[purchase] as number;
    return this.#persons.active ? this.#persons.personOf(chain) : chain;
  }

  #closeBlock(trace: Uint8Array | undefined): ResultBlockBytes {
    const writer = this.#writer;
    if (trace !== undefined) writer.trace(trace);
    const { count } = writer;
    return { count, bytes: writer.finish() };
  }

  /** Why it gets a result. One that another partition attributed before is new here, but that result is not its first. */
  #reasonOf(purchase: number, person: number): number {
    const { lost, revisions, reasons, users } = this.#tables.purchases;
    if (lost[purchase] === 1) return REASON_DUPLICATE_ORDER;
    const isLinked = (users[purchase] as number) !== person;
    if (isLinked && this.#duplicates.has(purchase, person)) return REASON_DUPLICATE;
    if (revisions[purchase] === 0) return REASON_FIRST;
    const reason = reasons[purchase] as number;
    return reason === REASON_FIRST ? REASON_MERGE : reason;
  }

  /** Brings the chains of the next conversions into the cache. @param from index of the first of them */
  #warm(marked: readonly number[], from: number): void {
    const { users, facts, purchases } = this.#tables;
    const count = Math.min(WARMED_AT_ONCE, marked.length - from);
    for (let i = 0; i < count; i += 1) {
      const chain = purchases.users[marked[from + i] as number] as number;
      // A conversion that this very batch erased is in no chain.
      this.#warmed[i] = chain < 0 ? -1 : users.headOf(chain);
    }
    facts.warm(this.#warmed, count);
  }

  /** A conversion that is withdrawn has no touchpoints. */
  #noPath(): number {
    this.#path.clear();
    return 0;
  }

  /** Collects the conversion's touchpoints in path order. @returns how many */
  #findPath(purchase: number, person: number): number {
    const { facts, purchases, users } = this.#tables;
    const path = this.#path;
    const time = facts.timeOf(purchases.facts[purchase] as number);
    const tenant = users.tenantOf(person);
    path.clear();
    if (this.#persons.linkedTo(person).length > 0) this.#collectMerged(person, time, tenant);
    else this.#collect(person, time, tenant);
    this.#arrivals.keepArrivals(path, tenant);
    return path.length;
  }

  /** Collects the touchpoints of a journey of one chain up to a time. */
  #collect(person: number, time: number, tenant: number): void {
    const { facts, users, vocabulary, windows } = this.#tables;
    const direct = vocabulary.channels.directOf(tenant);
    const path = this.#path;
    for (let fact = users.headOf(person); fact >= 0; fact = facts.olderThan(fact)) {
      const age = time - facts.timeOf(fact);
      if (age < 0) continue;
      if (age > this.#maxWindowMs) break;
      const type = facts.typeOf(fact);
      if (!isTouchpointType(type) || age > windows.of(tenant, type)) continue;
      path.push(fact, age, direct.includes(facts.channelOf(fact)));
    }
    path.reverse();
  }

  #collectMerged(person: number, time: number, tenant: number): void {
    const { facts, vocabulary, windows } = this.#tables;
    const direct = vocabulary.channels.directOf(tenant);
    for (const fact of this.#mergedTouches(person, time)) {
      const age = time - facts.timeOf(fact);
      if (age > windows.of(tenant, facts.typeOf(fact))) continue;
      this.#path.push(fact, age, direct.includes(facts.channelOf(fact)));
    }
  }

  /** The touchpoints of a journey of several chains up to a time, oldest first, each event ID once. */
  #mergedTouches(person: number, time: number): number[] {
    const { facts, users } = this.#tables;
    return mergeChains(
      facts,
      this.#persons.journeyOf(person).map((chain) => users.headOf(chain)),
      (fact) => {
        const age = time - facts.timeOf(fact);
        return age >= 0 && age <= this.#maxWindowMs && isTouchpointType(facts.typeOf(fact));
      },
    );
  }

  #writeResult(purchase: number, person: number, reason: number, touches: number): void {
    const { facts, options, purchases, users, vocabulary } = this.#tables;
    const { facts: path, weights } = this.#path;
    const row = this.#row;
    const writer = this.#writer;
    const chain = purchases.users[purchase] as number;
    const sentAs = chain === person ? "" : this.#keyTextOf(chain);
    const revision = purchases.revisions[purchase] as number;
    purchases.revisions[purchase] = revision + 1;
    facts.load(purchases.facts[purchase] as number, row);
    users.load(person, row);
    vocabulary.tuples.load(purchases.tuples[purchase] as number, row.dimensions);
    purchases.load(purchase, row);
    const value = isWithdrawn(reason) ? "" : this.#refunds.netValue(purchase, person);
    const generation = this.#persons.generationOf(chain);
    writer.conversion(row, value, revision, reason, touches, generation, sentAs);
    for (let i = 0; i < touches; i += 1) {
      const fact = path[i] as number;
      facts.load(fact, row);
      facts.loadDimensions(fact, row);
      users.load(person, row);
      writer.touch(row);
    }
    creditAll(this.#path, options.models, weights);
    writer.weights(weights, touches * MODEL_NAMES.length);
  }

  /** The user key of a chain, as text. Overwrites the row. */
  #keyTextOf(chain: number): string {
    this.#tables.users.load(chain, this.#row);
    return textOf(keyOfRow(this.#row));
  }

  /** Puts the result that was just written into words. */
  #describe(purchase: number, reason: number, touches: number): DescribedResult {
    const { facts, purchases, vocabulary } = this.#tables;
    const row = this.#row;
    facts.load(purchases.facts[purchase] as number, row);
    const { facts: path, weights } = this.#path;
    const channels = vocabulary.dictionaries.dimensions[CHANNEL_DIMENSION];
    return {
      conversionId: idText(row),
      orderId: purchases.fields(purchase).orderId,
      revision: (purchases.revisions[purchase] as number) - 1,
      reason,
      touches,
      path: Array.from(
        path.subarray(0, Math.min(touches, MAX_DESCRIBED_TOUCHES)),
        (fact) => channels?.text(facts.channelOf(fact)) ?? "",
      ),
      credits: touches === 0 ? {} : creditsOf(MODEL_NAMES, weights, touches),
    };
  }
}
