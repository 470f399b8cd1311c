/** A platform of several partitions without Redis: streams, logs and outboxes as arrays, and everything that can go wrong. */
import {
  createRowDictionaries,
  emptyIdentityRecord,
  erasedKeys,
  EntryColumns,
  EntryReader,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_TYPE_MASK,
  IDENTITY_ERASE,
  isCopy,
  readErasures,
  readIdentity,
  TYPE_IDENTITY,
  type LoggedErasure,
  type ErasureRequest,
  isErasure,
  isOrderRow,
  ORDER_CLAIM,
  packErasure,
  partitionOfBytes,
  readOrder,
  readRareFields,
  tenantSeed,
  TYPE_CONVERSION,
  WITHDRAWN_REASONS,
  withoutErased,
} from "@tributary/protocol";
import { digest, readClaimant } from "../../../src/journeys/orders/claimant.ts";
import { type PlainEvent, senderOf } from "../../../../../test/support/oracle.ts";
import type { JourneyOptions, PartitionState } from "../../../src/index.ts";
import { type Decoded, decodeResults, entryOf, idOf, newState, NOW, userOf } from "../support.ts";

/** An entry of a stream: what decides its versions, and its bytes. */
interface Entry {
  readonly ms: number;
  readonly bytes: Uint8Array;
  /** Whether it must begin its batch. */
  readonly erases: boolean;
}

interface Message {
  readonly partition: number;
  readonly bytes: Uint8Array;
}

interface Partition {
  state: PartitionState;
  /** Not committed yet. */
  readonly events: Entry[];
  log: Uint8Array[];
  readonly outbox: Message[];
}

/** A conversion's result, and when it was committed. */
export interface Stored extends Decoded {
  readonly attributedAt: number;
}

export class SmallPlatform {
  readonly partitions: Partition[] = [];
  /** Every result of each conversion, by the user key that it was sent under (see {@link load}) and its event ID. */
  readonly results = new Map<string, Stored[]>();
  /** The books of all partitions. */
  readonly books = { processed: 0, erased: 0, duplicateOrders: 0, unmatchedRefunds: 0 };
  /** By order ID and name: the digest of the conversion that its home took first. */
  readonly winners = new Map<string, string>();
  readonly #options: Partial<JourneyOptions>;
  #clock = 1000;
  #commits = 0;
  /** Messages that were relayed: they may be again. */
  readonly #relayed: Message[] = [];
  /** Names of the facts that the warehouse has erased. */
  readonly #erased = new Set<string>();

  constructor(partitions: number, options: Partial<JourneyOptions>) {
    this.#options = options;
    for (let i = 0; i < partitions; i += 1) {
      const place = { partition: i, partitions };
      const state = newState(options, undefined, place);
      this.partitions.push({ state, events: [], log: [], outbox: [] });
    }
  }

  /** As the gateway does: by the user ID where there is one. */
  send(event: PlainEvent): void {
    const bytes = entryOf([event]);
    const columns = new EntryColumns();
    columns.read(bytes, createRowDictionaries(1));
    const start = columns.userStarts[0] ?? 0;
    const end = start + (columns.userLengths[0] ?? 0);
    const count = this.partitions.length;
    const home = partitionOfBytes(tenantSeed("default"), columns.bytes, start, end, count);
    this.#append(home, bytes);
  }

  /** As the reports service asks for it. */
  erase(request: Omit<ErasureRequest, "tenant">): void {
    const asked = { tenant: "default", ...request };
    const { partition, bytes } = packErasure(asked, this.partitions.length);
    this.#append(partition, bytes);
  }

  /** Takes the next entries of a partition as a batch. @param commits false: dies before the commit */
  process(at: number, entries: number, commits: boolean): void {
    const partition = this.#at(at);
    const next = partition.events.slice(1, entries).findIndex(({ erases }) => erases);
    const batch = partition.events.slice(0, next < 0 ? entries : next + 1);
    const last = batch.at(-1);
    if (last === undefined) return;
    const outcome = partition.state.process(
      batch.map(({ bytes }) => bytes),
      undefined,
      last.ms,
    );
    if (!commits) {
      this.rebuild(at);
      return;
    }
    partition.events.splice(0, batch.length);
    for (const { bytes } of batch) this.#noteOrders(at % this.partitions.length, bytes);
    if (outcome.facts !== undefined) partition.log.push(outcome.facts);
    partition.log.push(...outcome.records);
    partition.outbox.push(...outcome.messages);
    this.#commits += 1;
    for (const counts of Object.values(outcome.counts)) {
      this.books.processed += counts.processed;
      this.books.erased += counts.erased;
      this.books.duplicateOrders += counts.duplicateOrders;
      this.books.unmatchedRefunds += counts.unmatchedRefunds;
    }
    for (const result of decodeResults(outcome)) {
      const stored = { ...result, attributedAt: this.#commits };
      const { sentAs } = result;
      this.results.set(sentAs, [...(this.results.get(sentAs) ?? []), stored]);
    }
  }

  /** Another owner takes a partition over. */
  rebuild(at: number): void {
    const partition = this.#at(at);
    const place = { partition: at % this.partitions.length, partitions: this.partitions.length };
    partition.state = newState(this.#options, undefined, place);
    for (const block of partition.log) partition.state.restore(block);
  }

  /** Rids a partition's log of all that was erased, when the warehouse has loaded it. */
  rewrite(at: number): void {
    this.load();
    const partition = this.#at(at);
    let erasures: LoggedErasure[] = [];
    const rewritten: Uint8Array[] = [];
    for (const block of partition.log.toReversed()) {
      const left = withoutErased(block, erasedKeys(erasures));
      const remaining = left === undefined ? block : left.block;
      if (remaining !== undefined) rewritten.push(remaining);
      erasures = [...erasures, ...readErasures(block)];
    }
    partition.log = rewritten.toReversed();
  }

  /**
   * Relays a message, not always the oldest: then it comes again behind the older ones.
   * @param dies after it was sent and before that was noted
   */
  relay(at: number, which: number, dies: boolean): void {
    const { outbox } = this.#at(at);
    const message = outbox[which % Math.max(1, outbox.length)];
    if (message === undefined) return;
    this.#append(message.partition, message.bytes);
    this.#relayed.push(message);
    const oldest = outbox.find(({ partition }) => partition === message.partition);
    if (!dies && message === oldest) outbox.splice(outbox.indexOf(message), 1);
  }

  /** Sends an old message again, as an owner does that was paused. */
  relayAgain(which: number): void {
    const message = this.#relayed[which % Math.max(1, this.#relayed.length)];
    if (message !== undefined) this.#append(message.partition, message.bytes);
  }

  /** Works until nothing is left to do. */
  settle(): void {
    for (;;) {
      let idle = true;
      for (const [at, { events, outbox }] of this.partitions.entries()) {
        if (events.length > 0) this.process(at, 3, true);
        else if (outbox.length > 0) this.relay(at, 0, false);
        else continue;
        idle = false;
      }
      if (idle) return;
    }
  }

  /** The valid result of each conversion that counts. */
  valid(): Stored[] {
    return this.last().filter(({ reason }) => !WITHDRAWN_REASONS.some((other) => other === reason));
  }

  /** The valid result of each conversion. */
  last(): Stored[] {
    return [...this.results.values()].flatMap((all) =>
      all
        .toSorted(
          (a, b) =>
            a.generation - b.generation ||
            a.attributedAt - b.attributedAt ||
            a.revision - b.revision,
        )
        .slice(-1),
    );
  }

  /**
   * What the warehouse does when all is loaded: the results of conversions that were erased go, also where they come later, from a
   * partition that had copies.
   * @returns the facts that are left: `u:` or `a:`, the ID that they came by, a slash and the event ID
   */
  load(): ReadonlySet<string> {
    const left = new Set<string>();
    for (const { log } of this.partitions) {
      for (const fact of log.flatMap(rowsOf)) {
        if (!("erased" in fact)) {
          if (!fact.copied) left.add(`${fact.key}/${fact.id}`);
          continue;
        }
        for (const name of left) {
          if (!name.startsWith(`${fact.erased}/`)) continue;
          left.delete(name);
          this.#erased.add(name);
        }
      }
    }
    for (const name of this.#erased) {
      if (!left.has(name)) this.results.delete(name);
    }
    return left;
  }

  /** Of some conversions those that repeat an order: its home took another one first. Named as by `senderOf`. */
  duplicateOrders(events: readonly PlainEvent[]): Set<string> {
    const duplicates = new Set<string>();
    for (const event of events) {
      if (event.type !== "conversion" || event.orderId === undefined) continue;
      const order = JSON.stringify([event.orderId, event.name ?? ""]);
      if (this.winners.get(order) !== digestOf(event)) duplicates.add(senderOf(event));
    }
    return duplicates;
  }

  /** Facts in all logs, named as by {@link load}: copies as well, and what was erased and is still there. */
  logged(): ReadonlySet<string> {
    const rows = this.partitions.flatMap(({ log }) => log.flatMap(rowsOf));
    return new Set(rows.flatMap((row) => ("erased" in row ? [] : [`${row.key}/${row.id}`])));
  }

  /** Notes the conversions that an order's home takes, its own ones and those that other partitions claim. */
  #noteOrders(partition: number, entry: Uint8Array): void {
    const dictionaries = createRowDictionaries(1);
    const reader = new EntryReader(entry, dictionaries);
    const row = new EventRow();
    const claimant = { low: 0, high: 0 };
    const record = { kind: 0, partition: 0 };
    while (reader.next(row)) {
      const type = row.flags & FLAG_TYPE_MASK;
      const { rare, rareStart, rareLength } = row;
      let orderId = "";
      if (type === TYPE_CONVERSION && (rareLength === 0 || !isCopy(rare, rareStart))) {
        ({ orderId } = readRareFields(row));
        if (orderId === "" || homeOf(orderId, this.partitions.length) !== partition) continue;
        digest(row, claimant);
      } else if (type === TYPE_IDENTITY && isOrderRow(rare, rareStart, rareLength)) {
        readOrder(rare, rareStart, rareLength, record);
        if (record.kind !== ORDER_CLAIM) continue;
        orderId = userOf(row);
        readClaimant(row, claimant);
      } else continue;
      const order = JSON.stringify([orderId, readRareFields(row).name]);
      if (this.winners.has(order)) continue;
      this.winners.set(order, `${claimant.low}:${claimant.high}`);
    }
  }

  #append(to: number, bytes: Uint8Array): void {
    // Several entries may be of one millisecond.
    this.#clock += this.#clock % 3 === 0 ? 0 : 1;
    if (this.#commits % 2 === 0) this.#clock += 1;
    this.#at(to).events.push({ ms: this.#clock, bytes, erases: isErasure(bytes) });
  }

  #at(index: number): Partition {
    const partition = this.partitions[index % this.partitions.length];
    if (partition === undefined) throw new Error("there is no partition");
    return partition;
  }
}

function digestOf(event: PlainEvent): string {
  const reader = new EntryReader(entryOf([event]), createRowDictionaries(1));
  const row = new EventRow();
  reader.next(row);
  const claimant = { low: 0, high: 0 };
  digest(row, claimant);
  return `${claimant.low}:${claimant.high}`;
}

/** The partition that decides an order of tenant `default`: a UUID is packed, as in a user key. */
export function homeOf(orderId: string, partitions: number): number {
  const columns = new EntryColumns();
  const event = { id: "e", type: "visit" as const, time: NOW, userId: orderId };
  columns.read(entryOf([event]), createRowDictionaries(1));
  const start = columns.userStarts[0] ?? 0;
  const end = start + (columns.userLengths[0] ?? 0);
  return partitionOfBytes(tenantSeed("default"), columns.bytes, start, end, partitions);
}

/** A fact of a block of the log, or whom it erased. */
type LogRow =
  | { readonly key: string; readonly id: string; readonly copied: boolean }
  | { readonly erased: string };

function rowsOf(block: Uint8Array): LogRow[] {
  const rows: LogRow[] = [];
  const reader = new EntryReader(block, createRowDictionaries(1));
  const row = new EventRow();
  const record = emptyIdentityRecord();
  while (reader.next(row)) {
    const key = `${(row.flags & FLAG_ANONYMOUS) === 0 ? "u" : "a"}:${userOf(row)}`;
    if ((row.flags & FLAG_TYPE_MASK) !== TYPE_IDENTITY) {
      const copied = row.rareLength > 0 && isCopy(row.rare, row.rareStart);
      rows.push({ key, id: idOf(row), copied });
      continue;
    }
    if (isOrderRow(row.rare, row.rareStart, row.rareLength)) continue;
    readIdentity(row.rare, row.rareStart, row.rareLength, record);
    if (record.hasUser) reader.next(row);
    if (record.kind === IDENTITY_ERASE && record.linked) rows.push({ erased: key });
  }
  return rows;
}
