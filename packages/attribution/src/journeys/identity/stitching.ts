/**
 * Identity in one partition, see docs/identity.md: gathers what a batch says of who is who, and when all of its facts are in
 * place decides, writes records for the log and messages for other partitions, and marks the conversions that it changes. From the log the same is restored.
 */
import {
  type EntryColumns,
  emptyIdentityRecord,
  EventRow,
  findRareText,
  FLAG_ANONYMOUS,
  IDENTITY_CLAIM,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_LINK,
  IDENTITY_PAIR,
  type IdentityRecord,
  isTouchpointType,
  markCopy,
  partitionOfBytes,
  RARE_ANONYMOUS_ID,
  rareRange,
  readIdentity,
  REASON_MERGE,
  tenantSeed,
  TYPE_CONVERSION,
  TYPE_REFUND,
} from "@tributary/protocol";
import type { FactTable } from "../tables/fact-table.ts";
import type { JourneyOptions } from "../settings/options.ts";
import type { PurchaseTable } from "../tables/purchase-table.ts";
import type { TenantWindows } from "../settings/tenant-windows.ts";
import type { UserTable } from "../tables/user-table.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";
import { Duplicates } from "./duplicates.ts";
import { type ErasureCounts, Erasures } from "./erasures.ts";
import { compareKeys, type Key, keyOfRow, keyOfText, textOf } from "./key.ts";
import { type Message, Messages } from "./messages.ts";
import { type Decision, Owners, userOf } from "./owners.ts";
import { type Announcement, Pairs } from "./pairs.ts";

/** Which partition this is, of how many. */
export interface Place {
  readonly partition: number;
  readonly partitions: number;
}

/** What a batch did about identity. */
export interface IdentityCounts extends ErasureCounts {
  /** Anonymous IDs that got an owner, and that lost one. */
  made: number;
  withdrawn: number;
  /** Events with a value that is never linked. */
  blocked: number;
  /** Pairs beyond what a user may have. */
  overLimit: number;
  /** Users who were not the first of an anonymous ID. */
  otherUser: number;
  /** Records and copies for which the partition has no room. */
  full: number;
  /** Facts copied to other partitions. */
  forwarded: number;
}

export interface StitchingParts {
  readonly options: JourneyOptions;
  readonly windows: TenantWindows;
  readonly place: Place;
  readonly vocabulary: Vocabulary;
  readonly users: UserTable;
  readonly facts: FactTable;
  readonly purchases: PurchaseTable;
  /** Has a conversion attributed again at the end of the batch. */
  readonly mark: (purchase: number, reason: number) => void;
}

/** A record as it came, of users that have numbers by now. */
interface Received {
  readonly record: IdentityRecord;
  readonly keptUntilMs: number;
  readonly journey: number;
  /** −1 for none. */
  readonly user: number;
  /** Of a pair, whose anonymous ID has no journey here. */
  readonly key: Key | undefined;
  /** Whether its first row's user is an anonymous ID: all are, but of erasures. */
  readonly anonymous: boolean;
}

/** Links are remembered by the log, which is trimmed: in so many parts of the time that facts are held they are logged anew. */
const REFRESHES = 4;

export class Stitching {
  readonly owners = new Owners((a, b) => compareKeys(this.#keyOf(a), this.#keyOf(b)));
  readonly duplicates: Duplicates;
  readonly erasures: Erasures;
  readonly #parts: StitchingParts;
  readonly #pairs: Pairs;
  readonly #messages: Messages;
  readonly #blocked: ReadonlySet<string>;
  readonly #refreshMs: number;
  readonly #row = new EventRow();
  readonly #seeds = new Map<number, number>();
  /** The first row of a record whose second is the next one. */
  #first: Omit<Received, "user"> | undefined;
  #received: Received[] = [];
  /** New facts of this batch, of journeys that were decided on. */
  #news = new Map<number, number[]>();
  #counts = noCounts();

  constructor(parts: StitchingParts) {
    const { clickWindowMs, viewWindowMs, latenessMs, identity } = parts.options;
    this.#parts = parts;
    this.duplicates = new Duplicates({ ...parts, owners: this.owners });
    const heldMs = Math.max(clickWindowMs, viewWindowMs) + latenessMs;
    this.#refreshMs = Math.max(1, Math.floor(heldMs / REFRESHES));
    this.#pairs = new Pairs(identity.maxAnonymousIds, this.#refreshMs);
    this.#messages = new Messages(parts.users, parts.vocabulary.dictionaries);
    this.#blocked = new Set(identity.unlinkedIds.map(plainValue));
    this.erasures = new Erasures({
      ...parts,
      partition: parts.place.partition,
      owners: this.owners,
      pairs: this.#pairs,
      keyOf: (journey) => this.#keyOf(journey),
      partitionOf: (tenantOf, key) => this.#partitionOf(tenantOf, key),
      markAffected: (user, journey) => this.#markAffected(user, journey),
    });
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.owners.byteLength + this.#pairs.byteLength + this.erasures.byteLength;
  }

  /**
   * Begins a batch.
   * @param positionMs time of its last entry, ms: what versions and generations grow with; undefined where it is restored
   */
  begin(positionMs: number | undefined): void {
    this.erasures.begin(positionMs);
    this.#first = undefined;
    if (this.#received.length > 0) this.#received = [];
    if (this.#news.size > 0) this.#news = new Map();
    this.#pairs.begin();
    this.#messages.begin();
    this.#counts = noCounts();
  }

  /** An event of a known user that has rare fields became a fact: it may name an anonymous ID. */
  noteEvent(columns: EntryColumns, event: number, user: number): void {
    const { maxAnonymousIds } = this.#parts.options.identity;
    if (maxAnonymousIds === 0) return;
    const { bytes } = columns;
    const length = columns.rareLengths[event] as number;
    const start = (columns.rareEnds[event] as number) - length;
    const from = findRareText(bytes, start, length, RARE_ANONYMOUS_ID);
    if (from < 0) return;
    const key = keyOfText(bytes, from, rareRange.end);
    const time = columns.times[event] as number;
    if (this.#pairs.isKnown(user, key, time)) return;
    if (this.#isBlocked(key) || this.#isBlocked(this.#keyOf(user))) this.#counts.blocked += 1;
    else this.#pairs.note(user, key, time);
  }

  /** A fact was added to an anonymous journey. */
  noteFact(fact: number, journey: number): void {
    if (this.owners.decisionOf(journey) === undefined) return;
    const news = this.#news.get(journey);
    if (news === undefined) this.#news.set(journey, [fact]);
    else news.push(fact);
  }

  /** Something that there is no room for. */
  noteFull(): void {
    this.#counts.full += 1;
  }

  /**
   * A row of TYPE_IDENTITY of a message or of the log. @param staged its user
   * @throws ProtocolError where it is no such row
   */
  noteRecord(columns: EntryColumns, index: number, staged: number): void {
    const row = this.#row;
    columns.load(index, row);
    if (this.#first !== undefined) {
      const user = this.#numberOf(staged, this.#first.record.kind);
      if (user >= 0) this.#receive({ ...this.#first, user });
      this.#first = undefined;
      return;
    }
    const record = emptyIdentityRecord();
    readIdentity(row.rare, row.rareStart, row.rareLength, record);
    const isPair = record.kind === IDENTITY_PAIR;
    const journey = isPair ? -1 : this.#numberOf(staged, record.kind);
    const key = isPair ? keyOfRow(row) : undefined;
    const anonymous = (row.flags & FLAG_ANONYMOUS) !== 0;
    if (record.kind >= IDENTITY_ERASE) {
      record.receipt = row.id.slice(row.idStart, row.idStart + row.idLength);
    }
    const received = { record, keptUntilMs: row.time, journey, key, anonymous };
    if (record.hasUser) this.#first = received;
    else if (journey >= 0) this.#receive({ ...received, user: -1 });
  }

  /** A whole record: erasures are done in their place, all else is gathered. */
  #receive(received: Received): void {
    const { record, journey } = received;
    if (record.kind >= IDENTITY_ERASE) this.erasures.take(received);
    else if (record.kind !== IDENTITY_LINK || !this.erasures.isVoid(journey, record.generation)) {
      this.#received.push(received);
    }
  }

  /**
   * All facts of the batch are in place: decides, and marks what that changes.
   * @param positionMs time of the batch's last entry, ms: what versions and generations grow with
   */
  settle(positionMs: number): void {
    const refused = (): void => {
      this.#counts.overLimit += 1;
    };
    for (const pair of this.#pairs.settle(positionMs, refused)) this.#announce(pair);
    const moved = new Set<number>();
    for (const received of this.#received) {
      if (received.record.kind !== IDENTITY_CLAIM || received.journey < 0) continue;
      if (this.#claim(received, positionMs)) moved.add(received.journey);
    }
    for (const [journey, facts] of this.#news) {
      // All of it is under way already where it has another owner than before.
      if (!moved.has(journey)) this.#forwardNews(journey, facts);
    }
    for (const received of this.#received) {
      if (received.record.kind === IDENTITY_LINK && received.journey >= 0) this.#link(received);
    }
  }

  /** What {@link settle} left, from the log. */
  settleRestored(): void {
    for (const { record, keptUntilMs, journey, user, key } of this.#received) {
      const { time, version, linked, generation } = record;
      if (record.kind === IDENTITY_PAIR && key !== undefined) {
        this.#pairs.restore({ user, key, time, version, linked, keptUntilMs });
      } else if (record.kind === IDENTITY_DECISION && journey >= 0) {
        this.#decide(journey, { user, time, version, linked, generation, keptUntilMs });
      } else if (record.kind === IDENTITY_LINK && journey >= 0) {
        this.#apply(journey, { user, generation, keptUntilMs });
      }
    }
  }

  /** Blocks of records that the batch adds to the log, to be restored after its facts. */
  finishLog(): readonly Uint8Array[] {
    return this.#messages.finishLog();
  }

  /** What erasures say comes before the rest: it is of before. */
  finishMessages(): readonly Message[] {
    return [...this.erasures.finishMessages(), ...this.#messages.finishMessages()];
  }

  get counts(): Readonly<IdentityCounts> {
    return { ...this.#counts, ...this.erasures.counts };
  }

  /** Tells an anonymous ID's partition of a pair. */
  #announce({ user, key, time, version, linked, keptUntilMs }: Announcement): void {
    const subject = { key, tenantOf: user };
    const record = { time, version, linked };
    this.#messages.log(subject, user, { ...record, kind: IDENTITY_PAIR }, keptUntilMs);
    const home = this.#partitionOf(user, key);
    this.#messages.tell(home, subject, user, { ...record, kind: IDENTITY_CLAIM }, keptUntilMs);
  }

  /** Takes what a user's partition says. @returns whether the anonymous ID has another owner now */
  #claim({ record, keptUntilMs, journey, user }: Received, positionMs: number): boolean {
    if (user < 0) return false;
    const { time, version, linked } = record;
    const known = this.owners.decisionOf(journey);
    const generation = known?.generation ?? 0;
    let next: Decision = { user, time, version, linked, generation, keptUntilMs };
    if (known !== undefined) {
      const until = Math.max(keptUntilMs, known.keptUntilMs);
      if (known.user === user) {
        if (version <= known.version) return false;
        next = { ...next, time: Math.min(time, known.time), keptUntilMs: until };
      } else {
        this.#counts.otherUser += 1;
        const order = time - known.time || compareKeys(this.#keyOf(user), this.#keyOf(known.user));
        if (order > 0) return false;
        next = { ...next, keptUntilMs: until };
      }
    }
    const before = userOf(known);
    const after = userOf(next);
    if (before === after) {
      this.#decideAndLog(journey, next);
      if (after >= 0) this.#tellLink(this.#homeOf(after), journey, next);
      return false;
    }
    next = {
      ...next,
      generation: this.owners.nextGeneration(positionMs),
      keptUntilMs: Math.max(next.keptUntilMs, this.#newestTime(journey)),
    };
    this.#decideAndLog(journey, next);
    if (before >= 0) this.#counts.withdrawn += 1;
    if (after >= 0) this.#counts.made += 1;
    const from = before < 0 ? -1 : this.#homeOf(before);
    const to = after < 0 ? -1 : this.#homeOf(after);
    if (from >= 0 && from !== to) this.#tellLink(from, journey, { ...next, linked: false });
    if (to >= 0) {
      this.erasures.tellFloor(to, journey);
      this.#forward(to, journey, next, this.#chain(journey));
    }
    return true;
  }

  #decideAndLog(journey: number, decision: Decision): void {
    this.#decide(journey, decision);
    const { user, keptUntilMs, ...record } = decision;
    this.#messages.log({ journey }, user, { ...record, kind: IDENTITY_DECISION }, keptUntilMs);
  }

  #decide(journey: number, decision: Decision): void {
    const before = this.owners.decisionOf(journey);
    this.owners.decide(journey, decision);
    const owner = userOf(before);
    if (owner === userOf(decision)) return;
    if (owner >= 0) this.erasures.noteFormerHome(journey, this.#homeOf(owner));
    const { facts, purchases, mark } = this.#parts;
    for (const fact of this.#chain(journey)) {
      if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
      const purchase = facts.referenceOf(fact);
      // A former owner may have given the first revision, of which this partition does not know.
      if (before !== undefined && before.generation > 0 && purchases.revisions[purchase] === 0) {
        purchases.revisions[purchase] = 1;
      }
      if (userOf(decision) < 0) mark(purchase, REASON_MERGE);
    }
  }

  /** Later facts of an anonymous ID go where the earlier ones went. */
  #forwardNews(journey: number, news: readonly number[]): void {
    let decision = this.owners.decisionOf(journey);
    if (decision === undefined || !decision.linked) return;
    const newest = this.#newestTime(journey);
    const refreshed = newest > decision.keptUntilMs;
    if (refreshed) {
      decision = { ...decision, keptUntilMs: newest + this.#refreshMs };
      this.#decideAndLog(journey, decision);
    }
    const to = this.#homeOf(decision.user);
    if (to !== this.#parts.place.partition) this.#forward(to, journey, decision, news);
    else if (refreshed) this.#tellLink(to, journey, decision);
  }

  /** Copies facts into a partition, behind the link. */
  #forward(to: number, journey: number, decision: Decision, facts: Iterable<number>): void {
    this.#tellLink(to, journey, decision);
    if (to === this.#parts.place.partition) return;
    const { facts: table, users, purchases, vocabulary } = this.#parts;
    const row = this.#row;
    for (const fact of facts) {
      const type = table.typeOf(fact);
      const isPurchase = type === TYPE_CONVERSION || type === TYPE_REFUND;
      if (!isPurchase && !isTouchpointType(type)) continue;
      table.load(fact, row);
      users.load(journey, row);
      let revision = 0;
      if (isPurchase) {
        const purchase = table.referenceOf(fact);
        vocabulary.tuples.load(purchases.tuples[purchase] as number, row.dimensions);
        purchases.load(purchase, row);
        revision = purchases.revisions[purchase] as number;
      } else table.loadDimensions(fact, row);
      markCopy(row, revision);
      if (this.#messages.isFull(to)) this.#tellLink(to, journey, decision);
      this.#messages.copy(to, row);
      this.#counts.forwarded += 1;
    }
  }

  #tellLink(to: number, journey: number, decision: Decision): void {
    const { generation, linked, keptUntilMs } = decision;
    const record = { kind: IDENTITY_LINK, linked, generation };
    this.#messages.tell(to, { journey }, userOf(decision), record, keptUntilMs);
  }

  /** Takes what an anonymous ID's partition decided. */
  #link({ record, keptUntilMs, journey, user }: Received): void {
    const { generation } = record;
    const known = this.owners.linkOf(journey);
    if (known !== undefined) {
      if (generation < known.generation) return;
      if (generation === known.generation && keptUntilMs <= known.keptUntilMs) return;
    }
    this.#apply(journey, { user, generation, keptUntilMs });
    const log = { kind: IDENTITY_LINK, linked: user >= 0, generation };
    this.#messages.log({ journey }, user, log, keptUntilMs);
  }

  #apply(journey: number, link: { user: number; generation: number; keptUntilMs: number }): void {
    const known = this.owners.linkOf(journey);
    const before = known?.user ?? -1;
    this.owners.link(journey, link);
    if (known?.generation === link.generation) return;
    if (before !== link.user) {
      this.#markAffected(before, journey);
      this.#markAffected(link.user, journey);
    }
    if (link.user < 0) return;
    const { facts, mark } = this.#parts;
    for (const fact of this.#chain(journey)) {
      if (facts.typeOf(fact) === TYPE_CONVERSION) mark(facts.referenceOf(fact), REASON_MERGE);
    }
  }

  /** Marks a user's conversions whose path, value or place an anonymous journey changes. @param user −1 for none */
  #markAffected(user: number, journey: number): void {
    if (user < 0) return;
    this.duplicates.markBehindJourney(user, journey);
    const { facts, purchases, mark } = this.#parts;
    const own = [...this.#chain(journey)];
    const touches = own.filter((fact) => isTouchpointType(facts.typeOf(fact)));
    const orders = new Set(
      own
        .filter((fact) => facts.typeOf(fact) === TYPE_REFUND)
        .map((fact) => purchases.fields(facts.referenceOf(fact)).orderId),
    );
    if (touches.length + orders.size === 0) return;
    const tenant = this.#parts.users.tenantOf(user);
    for (const member of [user, ...this.owners.linkedTo(user)]) {
      if (member === journey) continue;
      for (const fact of this.#chain(member)) {
        if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
        const purchase = facts.referenceOf(fact);
        const time = facts.timeOf(fact);
        if (
          touches.some((touch) => this.#sees(time, touch, tenant)) ||
          (orders.size > 0 && orders.has(purchases.fields(purchase).orderId))
        ) {
          mark(purchase, REASON_MERGE);
        }
      }
    }
  }

  /** Whether a conversion of that time has the touchpoint on its path. */
  #sees(time: number, touch: number, tenant: number): boolean {
    const { facts, windows } = this.#parts;
    const age = time - facts.timeOf(touch);
    return age >= 0 && age <= windows.of(tenant, facts.typeOf(touch));
  }

  /** A journey's facts, newest first. */
  *#chain(journey: number): Generator<number> {
    const { users, facts } = this.#parts;
    for (let fact = users.headOf(journey); fact >= 0; fact = facts.olderThan(fact)) yield fact;
  }

  #newestTime(journey: number): number {
    const { users, facts } = this.#parts;
    const head = users.headOf(journey);
    return head < 0 ? 0 : facts.timeOf(head);
  }

  /** The number of a staged user, added where it is new; −1 where there is no room. For an erasure there is always some. */
  #numberOf(staged: number, kind: number): number {
    const { users, options } = this.#parts;
    const found = users.find(staged);
    if (found >= 0) return found;
    if (users.size < options.maxUsers || kind >= IDENTITY_ERASE) return users.add(staged);
    this.#counts.full += 1;
    return -1;
  }

  /** The key of a journey's user as text. */
  keyText(journey: number): string {
    return textOf(this.#keyOf(journey));
  }

  #keyOf(user: number): Key {
    this.#parts.users.load(user, this.#row);
    return keyOfRow(this.#row);
  }

  #homeOf(user: number): number {
    return this.#partitionOf(user, this.#keyOf(user));
  }

  /** The partition of a key. @param tenantOf a user of the same tenant */
  #partitionOf(tenantOf: number, { bytes }: Key): number {
    const { users, vocabulary, place } = this.#parts;
    users.load(tenantOf, this.#row);
    const { tenant } = this.#row;
    let seed = this.#seeds.get(tenant);
    if (seed === undefined) {
      seed = tenantSeed(vocabulary.dictionaries.tenants.text(tenant));
      this.#seeds.set(tenant, seed);
    }
    return partitionOfBytes(seed, bytes, 0, bytes.length, place.partitions);
  }

  #isBlocked(key: Key): boolean {
    return this.#blocked.has(plainValue(textOf(key)));
  }
}

/** A value as it is compared with those that are never linked. */
function plainValue(text: string): string {
  return text.trim().toLowerCase();
}

function noCounts(): Omit<IdentityCounts, keyof ErasureCounts> {
  return {
    made: 0,
    withdrawn: 0,
    blocked: 0,
    overLimit: 0,
    otherUser: 0,
    full: 0,
    forwarded: 0,
  };
}
