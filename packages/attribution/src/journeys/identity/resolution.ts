/**
 * Identity resolution in one partition, see docs/identity.md. Gathers what a batch's events and messages say about keys of
 * one person, decides when all facts of the batch are in place, writes records for the log and messages for other
 * partitions, and marks the conversions that change. The log's records restore the same.
 */
import {
  type EntryColumns,
  findRareText,
  IDENTITY_CLAIM,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_LINK,
  IDENTITY_PAIR,
  RARE_ANONYMOUS_ID,
  rareRange,
  UUID_BYTES,
} from "@tributary/protocol";
import type { ErasedChains } from "../chains/erased-chains.ts";
import type { Duplicates } from "../chains/duplicates.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { Marks } from "../chains/marks.ts";
import type { Persons } from "../chains/persons.ts";
import { AffectedConversions } from "./affected-conversions.ts";
import { type IdentityCounts, noLinkCounts } from "./counts.ts";
import { Decisions } from "./decisions.ts";
import { Erasures } from "./erasures.ts";
import { type Key, keyOfText, textOf } from "../chains/key.ts";
import type { KeyHomes } from "../chains/key-homes.ts";
import { Links } from "./links.ts";
import type { Message, OutgoingRows } from "../outgoing-rows.ts";
import { Messages } from "./messages.ts";
import { type Announcement, Pairs } from "./pairs.ts";
import { type ReceivedRecord, RecordReader } from "./received-records.ts";

/** The log is trimmed, so links are logged anew so many times in the event time for which facts are held. */
const REFRESHES = 4;

export class IdentityResolution {
  readonly erasures: Erasures;
  readonly #tables: JourneyTables;
  readonly #persons: Persons;
  readonly #homes: KeyHomes;
  readonly #pairs: Pairs;
  readonly #messages: Messages;
  readonly #decisions: Decisions;
  readonly #links: Links;
  readonly #reader: RecordReader;
  readonly #blocked: ReadonlySet<string>;
  readonly #uuid = new Uint8Array(UUID_BYTES);
  #received: ReceivedRecord[] = [];
  /** New facts of this batch, by the chain of an anonymous ID that was decided on. */
  #news = new Map<number, number[]>();
  #counts = noLinkCounts();

  constructor(
    tables: JourneyTables,
    homes: KeyHomes,
    outgoing: OutgoingRows,
    persons: Persons,
    erased: ErasedChains,
    marks: Marks,
    duplicates: Duplicates,
  ) {
    const { clickWindowMs, viewWindowMs, latenessMs, identity } = tables.options;
    const heldMs = Math.max(clickWindowMs, viewWindowMs) + latenessMs;
    const refreshMs = Math.max(1, Math.floor(heldMs / REFRESHES));
    this.#tables = tables;
    this.#persons = persons;
    this.#homes = homes;
    this.#pairs = new Pairs(identity.maxAnonymousIds, refreshMs);
    this.#messages = new Messages(tables.users, outgoing);
    const affected = new AffectedConversions(tables, persons, marks, duplicates);
    this.erasures = new Erasures(tables, persons, erased, this.#homes, this.#pairs, affected);
    this.#decisions = new Decisions(
      tables,
      persons,
      marks,
      this.#homes,
      this.#messages,
      this.erasures,
      refreshMs,
    );
    this.#links = new Links(persons, affected, this.#messages);
    this.#reader = new RecordReader(tables, () => this.noteFull());
    this.#blocked = new Set(identity.unlinkedIds.map(plainValue));
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#pairs.byteLength + this.erasures.byteLength;
  }

  get counts(): Readonly<IdentityCounts> {
    return { ...this.#counts, ...this.erasures.counts };
  }

  /**
   * Begins a batch.
   * @param arrivedMs time of its last entry, ms since 1970, with which versions and generations grow; undefined where
   *   the batch is restored
   */
  begin(arrivedMs: number | undefined): void {
    this.erasures.begin(arrivedMs);
    this.#reader.begin();
    if (this.#received.length > 0) this.#received = [];
    if (this.#news.size > 0) this.#news = new Map();
    this.#pairs.begin();
    this.#messages.begin();
    this.#counts = noLinkCounts();
  }

  /** Notes a new fact of a user that has rare fields: it may name an anonymous ID. */
  noteEvent(columns: EntryColumns, event: number, user: number): void {
    const { maxAnonymousIds } = this.#tables.options.identity;
    if (maxAnonymousIds === 0) return;
    const { bytes } = columns;
    const length = columns.rareLengths[event] as number;
    const start = (columns.rareEnds[event] as number) - length;
    const from = findRareText(bytes, start, length, RARE_ANONYMOUS_ID);
    if (from < 0) return;
    const key = keyOfText(bytes, from, rareRange.end, this.#uuid);
    const time = columns.times[event] as number;
    if (this.#pairs.isKnown(user, key, time)) return;
    if (this.#isBlocked(key) || this.#isBlocked(this.#homes.keyOf(user))) this.#counts.blocked += 1;
    else this.#pairs.note(user, key, time);
  }

  /** Notes a new fact of an anonymous ID. */
  noteFact(fact: number, chain: number): void {
    if (this.#persons.decisionOf(chain) === undefined) return;
    const news = this.#news.get(chain);
    if (news === undefined) this.#news.set(chain, [fact]);
    else news.push(fact);
  }

  /** Counts a record or copy for which the partition has no room. */
  noteFull(): void {
    this.#counts.full += 1;
  }

  /**
   * Notes a row of TYPE_IDENTITY of a message or of the log. Erasures are done at once, other records are gathered.
   * @param staged number of its key among the staged ones @throws ProtocolError where it is no record
   */
  noteRecord(columns: EntryColumns, index: number, staged: number): void {
    const received = this.#reader.read(columns, index, staged);
    if (received === undefined) return;
    const { record, chain } = received;
    if (record.kind >= IDENTITY_ERASE) this.erasures.take(received);
    else if (record.kind !== IDENTITY_LINK || !this.erasures.isVoid(chain, record.generation)) {
      this.#received.push(received);
    }
  }

  /**
   * Decides, once all facts of the batch are in place, and marks the conversions that change.
   * @param arrivedMs time of the batch's last entry, ms since 1970
   */
  settle(arrivedMs: number): void {
    const counts = this.#counts;
    const refused = (): void => {
      counts.overLimit += 1;
    };
    for (const pair of this.#pairs.settle(arrivedMs, refused)) this.#announce(pair);
    const moved = new Set<number>();
    for (const received of this.#received) {
      if (received.record.kind !== IDENTITY_CLAIM || received.chain < 0) continue;
      if (this.#decisions.claim(received, arrivedMs, counts)) moved.add(received.chain);
    }
    for (const [chain, facts] of this.#news) {
      // A chain that moved to another user was forwarded as a whole.
      if (!moved.has(chain)) this.#decisions.forwardNews(chain, facts, counts);
    }
    for (const received of this.#received) {
      if (received.record.kind === IDENTITY_LINK && received.chain >= 0) this.#links.take(received);
    }
  }

  /** Applies the records that {@link settle} had logged. */
  settleRestored(): void {
    for (const { record, keptUntilMs, chain, user, key } of this.#received) {
      const { time, version, linked, generation } = record;
      if (record.kind === IDENTITY_PAIR && key !== undefined) {
        this.#pairs.restore({ user, key, time, version, linked, keptUntilMs });
      } else if (record.kind === IDENTITY_DECISION && chain >= 0) {
        const decision = { user, time, version, linked, generation, keptUntilMs };
        this.#decisions.decide(chain, decision);
      } else if (record.kind === IDENTITY_LINK && chain >= 0) {
        this.#links.apply(chain, { user, generation, keptUntilMs });
      }
    }
  }

  /** Blocks of records that the batch adds to the log, to be restored after its facts. */
  finishLog(): readonly Uint8Array[] {
    return this.#messages.finishLog();
  }

  /** Messages of erasures come first: they concern earlier facts. */
  finishMessages(): readonly Message[] {
    return [...this.erasures.finishMessages(), ...this.#messages.finishMessages()];
  }

  /** Logs a pair, and sends it to the anonymous ID's partition as a claim. */
  #announce({ user, key, time, version, linked, keptUntilMs }: Announcement): void {
    const subject = { key, tenantOf: user };
    const record = { time, version, linked };
    this.#messages.log(subject, user, { ...record, kind: IDENTITY_PAIR }, keptUntilMs);
    const home = this.#homes.homeOfKey(user, key);
    this.#messages.send(home, subject, user, { ...record, kind: IDENTITY_CLAIM }, keptUntilMs);
  }

  #isBlocked(key: Key): boolean {
    return this.#blocked.has(plainValue(textOf(key)));
  }
}

/** A value as it is compared with those that are never linked. */
function plainValue(text: string): string {
  return text.trim().toLowerCase();
}
