/**
 * Erasures in one partition, see docs/erasure.md: forgets a person's facts and links, has the partitions of their anonymous IDs
 * do the same, and remembers what was done, so that neither a message that comes twice nor one that was under way brings
 * anything back. An erasure begins its batch: what the batch has behind it came later.
 */
import { Buffer } from "node:buffer";
import {
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_ERASE_WITH,
  IDENTITY_ERASED,
  type IdentityRecord,
  MAX_TIME_MS,
  TYPE_CONVERSION,
  TYPE_REFUND,
} from "@tributary/protocol";
import type { FactTable } from "../tables/fact-table.ts";
import type { PurchaseTable } from "../tables/purchase-table.ts";
import type { UserTable } from "../tables/user-table.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";
import { type Key, textOf } from "./key.ts";
import { type Message, Messages, type Subject } from "./messages.ts";
import { type Owners, userOf } from "./owners.ts";
import type { Pairs } from "./pairs.ts";

export interface ErasureParts {
  readonly partition: number;
  readonly vocabulary: Vocabulary;
  readonly users: UserTable;
  readonly facts: FactTable;
  readonly purchases: PurchaseTable;
  readonly owners: Owners;
  readonly pairs: Pairs;
  readonly keyOf: (journey: number) => Key;
  /** The partition of a key. @param tenantOf a journey of the same tenant */
  readonly partitionOf: (tenantOf: number, key: Key) => number;
  /** Has the conversions of a user attributed again that see something of a journey. */
  readonly markAffected: (user: number, journey: number) => void;
}

/** A record of an erasure, as it came. */
export interface ErasureRecord {
  readonly record: IdentityRecord;
  /** Whom it is of. */
  readonly journey: number;
  readonly anonymous: boolean;
  /** Because of whose erasure; −1 for none. */
  readonly user: number;
}

/** What a batch erased. */
export interface ErasureCounts {
  /** Journeys that were forgotten where they are at home, be there anything of them or not. */
  erased: number;
}

/** The decision about an anonymous ID that was erased: every claim of a later version, and of anybody else, is earlier than this. */
const ERASED_TIME_MS = MAX_TIME_MS;
/** Of an answer, which is of a generation instead. */
const NO_RECEIPT = new Uint8Array(16);
/** About what an erasure takes to be remembered, bytes, for accounting. */
const ERASURE_BYTES = 200;

/** An anonymous ID that is to be erased with a user. */
interface Told {
  readonly subject: Subject;
  readonly key: Key;
  readonly receipt: Uint8Array;
  /** Whether it is what was asked for. */
  linked: boolean;
}

export class Erasures {
  readonly #parts: ErasureParts;
  readonly #messages: Messages;
  /** Receipts of the erasures that were done of a journey. */
  readonly #done = new Map<number, Set<string>>();
  /** Of an anonymous ID: because of whose erasure it was last forgotten, or found another's, and that one's version. */
  readonly #lastOf = new Map<number, { readonly user: number; readonly version: number }>();
  /** Newest facts of the chains that a journey had: their event IDs still tell what came twice. */
  readonly #former = new Map<number, number[]>();
  /** Of an anonymous ID: copies under links of generations below are void. */
  readonly #floors = new Map<number, number>();
  /** Partitions of the users that an anonymous ID belonged to: they hold copies of its facts. */
  readonly #formerHomes = new Map<number, Set<number>>();
  #size = 0;
  /** Undefined while the log is restored. */
  #positionMs: number | undefined;
  /** The user whose erasure was taken last, and whom it is to be told of, by their names. */
  #last: { user: number; version: number; told: Map<string, Told> } | undefined;
  #dropsCopies = false;
  #counts: ErasureCounts = { erased: 0 };
  /** Facts that went where they had been counted, by tenant: copies are none. */
  #facts = new Map<number, number>();

  constructor(parts: ErasureParts) {
    this.#parts = parts;
    this.#messages = new Messages(parts.users, parts.vocabulary.dictionaries);
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#size * ERASURE_BYTES;
  }

  get counts(): Readonly<ErasureCounts> {
    return this.#counts;
  }

  /** Facts of this partition that the batch let go of, by the code of their tenant. */
  get erasedFacts(): ReadonlyMap<number, number> {
    return this.#facts;
  }

  /** Begins a batch. @param positionMs of it, see Stitching; undefined where it is restored */
  begin(positionMs: number | undefined): void {
    this.#positionMs = positionMs;
    this.#last = undefined;
    this.#dropsCopies = false;
    this.#messages.begin();
    if (this.#counts.erased > 0) this.#counts = { erased: 0 };
    if (this.#facts.size > 0) this.#facts = new Map();
  }

  /** Whether a journey had a fact with a staged ID before it was erased. */
  hadId(journey: number, staged: number): boolean {
    if (this.#former.size === 0) return false;
    const { facts } = this.#parts;
    for (const head of this.#former.get(journey) ?? []) {
      for (let fact = head; fact >= 0; fact = facts.olderThan(fact)) {
        if (facts.idMatches(fact, staged)) return true;
      }
    }
    return false;
  }

  /** Whether the copies behind the link that came last are void. */
  get dropsCopies(): boolean {
    return this.#dropsCopies;
  }

  /** A link came. @returns whether it is of before the anonymous ID was erased, and void like the copies behind it */
  isVoid(journey: number, generation: number): boolean {
    this.#dropsCopies = generation < (this.#floors.get(journey) ?? 0);
    return this.#dropsCopies;
  }

  /** An anonymous ID no longer belongs to a user of a partition. */
  noteFormerHome(journey: number, home: number): void {
    if (home === this.#parts.partition) return;
    const homes = this.#formerHomes.get(journey);
    if (homes === undefined) this.#formerHomes.set(journey, new Set([home]));
    else homes.add(home);
  }

  /** An anonymous ID gets another owner: their partition may hold copies of before it was erased. */
  tellFloor(to: number, journey: number): void {
    const generation = this.#floors.get(journey);
    if (generation === undefined || to === this.#parts.partition) return;
    this.#tell(to, { journey }, -1, { kind: IDENTITY_ERASED, generation, receipt: NO_RECEIPT });
  }

  /** Takes a record of a message, or of the log. */
  take(erasure: ErasureRecord): void {
    const { record, journey, anonymous, user } = erasure;
    if (record.kind === IDENTITY_ERASED) this.#takeErased(journey, record.generation);
    else if (this.#positionMs === undefined) this.#restore(erasure);
    else if (record.kind === IDENTITY_ERASE_WITH) this.#noteWith(journey, record);
    else if (record.kind !== IDENTITY_ERASE) return;
    else if (anonymous) this.#eraseAnonymous(journey, user, record, this.#positionMs);
    else this.#eraseUser(journey, record.receipt, this.#positionMs);
  }

  /** What the batch adds to the log, before its facts. */
  finishLog(): readonly Uint8Array[] {
    return this.#messages.finishLog();
  }

  finishMessages(): readonly Message[] {
    this.#tellLast();
    return this.#messages.finishMessages();
  }

  #eraseUser(user: number, receipt: Uint8Array, positionMs: number): void {
    const { owners, pairs, keyOf } = this.#parts;
    const version = pairs.nextVersion(positionMs);
    this.#tellLast();
    this.#last = { user, version, told: new Map() };
    if (this.#isDone(user, receipt)) return;
    const keys = [...pairs.keysOf(user), ...owners.linkedTo(user).map((other) => keyOf(other))];
    const keptUntilMs = this.#newestTime(user);
    const record = { kind: IDENTITY_ERASE, linked: true, version, receipt };
    this.#messages.log({ journey: user }, -1, record, keptUntilMs);
    this.#forgetUser(user, version);
    this.#setDone(user, receipt);
    for (const key of keys) this.#note({ key, tenantOf: user }, key, receipt, false);
  }

  /** Another anonymous ID of the person whose erasure was taken last. */
  #noteWith(journey: number, { receipt, linked }: IdentityRecord): void {
    this.#note({ journey }, this.#parts.keyOf(journey), receipt, linked);
  }

  /** Each is told once, of all that was noted: what comes a second time under one receipt does nothing. */
  #note(subject: Subject, key: Key, receipt: Uint8Array, linked: boolean): void {
    const told = this.#last?.told;
    const name = `${key.uuid ? 1 : 0}:${textOf(key)}`;
    const known = told?.get(name);
    if (known === undefined) told?.set(name, { subject, key, receipt, linked });
    else known.linked ||= linked;
  }

  #tellLast(): void {
    if (this.#last === undefined) return;
    const { user, version, told } = this.#last;
    for (const { subject, key, receipt, linked } of told.values()) {
      const to = this.#parts.partitionOf(user, key);
      this.#tell(to, subject, user, { kind: IDENTITY_ERASE, linked, version, receipt });
    }
    this.#last = undefined;
  }

  #forgetUser(user: number, version: number): void {
    const { owners, pairs } = this.#parts;
    this.#forget(user, true);
    for (const journey of owners.linkedTo(user)) {
      // One whose own partition this is waits for its message, which may say that it is another's by now.
      if (owners.isCopy(journey)) this.#forget(journey, false);
      const link = owners.linkOf(journey);
      if (link !== undefined) owners.link(journey, { ...link, user: -1 });
    }
    pairs.forget(user, version);
  }

  /** @param user whose erasure it is a part of; −1 where it was asked for by the anonymous ID itself */
  #eraseAnonymous(
    journey: number,
    user: number,
    { version, receipt, linked: isAskedFor }: IdentityRecord,
    positionMs: number,
  ): void {
    if (this.#isDone(journey, receipt)) return;
    const { owners, keyOf, partitionOf } = this.#parts;
    const known = owners.decisionOf(journey);
    const owner = userOf(known);
    // It was somebody's when it was asked for, and is nobody's by now: it goes all the same.
    const isNobodys = isAskedFor && owner < 0;
    const last = this.#lastOf.get(journey);
    // A later one of theirs overtook it, and did what it asks for: what came since is not its concern.
    if (user >= 0 && last?.user === user && version < last.version && !isNobodys) return;
    if (user < 0 && owner >= 0) {
      // It is somebody's: the person is erased, this ID with them when their partition says so.
      const to = partitionOf(owner, keyOf(owner));
      this.#tell(to, { journey: owner }, -1, { kind: IDENTITY_ERASE, receipt });
      this.#tell(to, { journey }, -1, { kind: IDENTITY_ERASE_WITH, linked: true, receipt });
      return;
    }
    const isTheirs =
      user < 0 ||
      isNobodys ||
      known === undefined ||
      known.time === ERASED_TIME_MS ||
      owner === user;
    const generation = owners.nextGeneration(positionMs);
    const record = { kind: IDENTITY_ERASE, linked: isTheirs, version, generation, receipt };
    this.#messages.log({ journey }, user, record, this.#newestTime(journey));
    this.#setDone(journey, receipt);
    this.#lastOf.set(journey, { user, version });
    if (known !== undefined && (user < 0 || !isTheirs)) {
      // It still holds, and the log before the erasure is rid of what names the two.
      const { user: other, keptUntilMs, ...decision } = known;
      this.#messages.log({ journey }, other, { ...decision, kind: IDENTITY_DECISION }, keptUntilMs);
    }
    if (!isTheirs) return;
    if (user >= 0) this.noteFormerHome(journey, partitionOf(user, keyOf(user)));
    const homes = this.#formerHomes.get(journey) ?? [];
    this.#forgetAnonymous(journey, user, version, generation);
    for (const home of homes) this.tellFloor(home, journey);
  }

  #forgetAnonymous(journey: number, user: number, version: number, generation: number): void {
    const { owners, markAffected } = this.#parts;
    const link = owners.linkOf(journey);
    // Theirs anew where both are in this partition, and the message came behind what was said of it since.
    if (link !== undefined && link.user >= 0) markAffected(link.user, journey);
    this.#forget(journey, true);
    this.#floors.set(journey, generation);
    this.#formerHomes.delete(journey);
    owners.gaveGeneration(generation);
    if (user < 0) return;
    // A claim of before the erasure that is still under way is of a lower version, and finds that it is over.
    const decision = { user, version, generation, time: ERASED_TIME_MS, keptUntilMs: 0 };
    owners.decide(journey, { ...decision, linked: false });
    if (link !== undefined) owners.link(journey, { user: -1, generation, keptUntilMs: 0 });
  }

  /** The anonymous ID's partition has forgotten it: so do the copies here, but those of links that it made later. */
  #takeErased(journey: number, generation: number): void {
    if ((this.#floors.get(journey) ?? 0) >= generation) return;
    const { owners, markAffected } = this.#parts;
    const link = owners.linkOf(journey);
    if (link !== undefined && link.user >= 0) markAffected(link.user, journey);
    const keptUntilMs = this.#newestTime(journey);
    this.#forget(journey, false);
    this.#floors.set(journey, generation);
    this.#size += 1;
    if (link !== undefined && link.generation < generation) {
      owners.link(journey, { ...link, user: -1, generation });
    }
    if (this.#positionMs === undefined) return;
    const record = { kind: IDENTITY_ERASED, generation, receipt: NO_RECEIPT };
    this.#messages.log({ journey }, -1, record, keptUntilMs);
  }

  #restore({ record, journey, anonymous, user }: ErasureRecord): void {
    const { linked, version, generation, receipt } = record;
    if (record.kind !== IDENTITY_ERASE || this.#isDone(journey, receipt)) return;
    this.#setDone(journey, receipt);
    if (anonymous) this.#lastOf.set(journey, { user, version });
    if (!anonymous) this.#forgetUser(journey, version);
    else if (linked) this.#forgetAnonymous(journey, user, version, generation);
  }

  /**
   * Lets go of a journey's facts. Those of an own journey stay behind as what they were called, for as long as the log has
   * them: what a sender repeats is no new event. Copies do not: they may come again, and then count.
   */
  #forget(journey: number, own: boolean): void {
    const { users, facts, purchases } = this.#parts;
    const head = users.headOf(journey);
    this.#counts.erased += own ? 1 : 0;
    if (head < 0) return;
    let erased = 0;
    for (let fact = head; fact >= 0; fact = facts.olderThan(fact)) {
      const type = facts.typeOf(fact);
      if (type === TYPE_CONVERSION || type === TYPE_REFUND) {
        purchases.users[facts.referenceOf(fact)] = -1;
      }
      erased += 1;
    }
    if (own) {
      const tenant = users.tenantOf(journey);
      this.#facts.set(tenant, (this.#facts.get(tenant) ?? 0) + erased);
      this.#former.set(journey, [...(this.#former.get(journey) ?? []), head]);
    }
    users.clear(journey);
  }

  #newestTime(journey: number): number {
    const { users, facts } = this.#parts;
    const head = users.headOf(journey);
    return head < 0 ? 0 : facts.timeOf(head);
  }

  #tell(to: number, subject: Subject, user: number, record: Partial<IdentityRecord>): void {
    this.#messages.tell(to, subject, user, record, 0);
  }

  #isDone(journey: number, receipt: Uint8Array): boolean {
    return this.#done.get(journey)?.has(nameOf(receipt)) === true;
  }

  #setDone(journey: number, receipt: Uint8Array): void {
    const done = this.#done.get(journey) ?? new Set();
    this.#done.set(journey, done.add(nameOf(receipt)));
    this.#size += 1;
  }
}

function nameOf(receipt: Uint8Array): string {
  return Buffer.from(receipt).toString("latin1");
}
