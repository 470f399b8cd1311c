/**
 * Erasures in one partition, see docs/erasure.md. Forgets a person's facts and links, sends the erasure to the partitions of
 * the person's anonymous IDs, and remembers it, so that no message that comes twice or late restores what was erased. An
 * erasure begins its batch: the batch's facts came after it.
 */
import {
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_ERASE_WITH,
  IDENTITY_ERASED,
  type IdentityRecord,
  MAX_TIME_MS,
} from "@tributary/protocol";
import type { ErasedChains } from "../chains/erased-chains.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import { type Decision, type Persons, userOf } from "../chains/persons.ts";
import { newestTimeOf } from "../chains/walk.ts";
import type { AffectedConversions } from "./affected-conversions.ts";
import type { ErasureCounts } from "./counts.ts";
import { ErasureMemory } from "./erasure-memory.ts";
import { ErasureNotices } from "./erasure-notices.ts";
import { Forgetting } from "./forgetting.ts";
import type { KeyHomes } from "../chains/key-homes.ts";
import { type Message, OutgoingRows } from "../outgoing-rows.ts";
import { Messages, type Subject } from "./messages.ts";
import type { Pairs } from "./pairs.ts";
import type { ReceivedRecord } from "./received-records.ts";

/** Time of the decision about an erased anonymous ID: claims of a later version and claims of other users are earlier. */
const ERASED_TIME_MS = MAX_TIME_MS;
/** In place of a receipt where a record has a generation instead. */
const NO_RECEIPT = new Uint8Array(16);

export class Erasures {
  readonly #tables: JourneyTables;
  readonly #persons: Persons;
  readonly #homes: KeyHomes;
  readonly #pairs: Pairs;
  readonly #affected: AffectedConversions;
  readonly #messages: Messages;
  readonly #memory = new ErasureMemory();
  readonly #notices: ErasureNotices;
  readonly #forgetting: Forgetting;
  /** Undefined while the log is restored. */
  #arrivedMs: number | undefined;
  #dropsCopies = false;

  constructor(
    tables: JourneyTables,
    persons: Persons,
    erased: ErasedChains,
    homes: KeyHomes,
    pairs: Pairs,
    affected: AffectedConversions,
  ) {
    this.#tables = tables;
    this.#persons = persons;
    this.#homes = homes;
    this.#pairs = pairs;
    this.#affected = affected;
    this.#messages = new Messages(tables.users, new OutgoingRows(tables.vocabulary.dictionaries));
    this.#notices = new ErasureNotices(homes, this.#messages);
    this.#forgetting = new Forgetting(tables, erased);
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#memory.byteLength;
  }

  get counts(): Readonly<ErasureCounts> {
    return { erased: this.#forgetting.chains };
  }

  /** Facts of this partition that the batch erased, by the code of their tenant. */
  get erasedFacts(): ReadonlyMap<number, number> {
    return this.#forgetting.facts;
  }

  /** Begins a batch. @param arrivedMs time of its last entry, ms since 1970; undefined where it is restored */
  begin(arrivedMs: number | undefined): void {
    this.#arrivedMs = arrivedMs;
    this.#dropsCopies = false;
    this.#notices.begin();
    this.#messages.begin();
    this.#forgetting.begin();
  }

  /** Whether the copies behind the link that came last are void. */
  get dropsCopies(): boolean {
    return this.#dropsCopies;
  }

  /** @returns whether a link that came was made before its anonymous ID was erased: it is void, like the copies behind it */
  isVoid(chain: number, generation: number): boolean {
    this.#dropsCopies = generation < (this.#memory.validFrom(chain) ?? 0);
    return this.#dropsCopies;
  }

  /** Notes that an anonymous ID no longer belongs to a user of a partition. */
  noteFormerHome(chain: number, home: number): void {
    if (home !== this.#homes.here) this.#memory.addFormerHome(chain, home);
  }

  /** Sends an anonymous ID's erasure to a partition that may hold earlier copies of its facts. */
  sendErased(to: number, chain: number): void {
    const generation = this.#memory.validFrom(chain);
    if (generation === undefined || to === this.#homes.here) return;
    this.#send(to, { chain }, -1, { kind: IDENTITY_ERASED, generation, receipt: NO_RECEIPT });
  }

  /** Takes a record of a message, or of the log. */
  take(received: ReceivedRecord): void {
    const { record, chain, anonymous, user } = received;
    if (record.kind === IDENTITY_ERASED) this.#takeErased(chain, record.generation);
    else if (this.#arrivedMs === undefined) this.#restore(received);
    else if (record.kind === IDENTITY_ERASE_WITH) this.#takeWith(chain, record);
    else if (record.kind !== IDENTITY_ERASE) return;
    else if (anonymous) this.#eraseAnonymous(chain, user, record, this.#arrivedMs);
    else this.#eraseUser(chain, record.receipt, this.#arrivedMs);
  }

  /** Blocks of records that the batch adds to the log, before its facts. */
  finishLog(): readonly Uint8Array[] {
    return this.#messages.finishLog();
  }

  finishMessages(): readonly Message[] {
    this.#notices.send();
    return this.#messages.finishMessages();
  }

  #eraseUser(user: number, receipt: Uint8Array, arrivedMs: number): void {
    const version = this.#pairs.nextVersion(arrivedMs);
    this.#notices.beginUser(user, version);
    if (this.#memory.isDone(user, receipt)) return;
    const linked = this.#persons.linkedTo(user).map((chain) => this.#homes.keyOf(chain));
    const keys = [...this.#pairs.keysOf(user), ...linked];
    const keptUntilMs = newestTimeOf(this.#tables, user);
    const record = { kind: IDENTITY_ERASE, linked: true, version, receipt };
    this.#messages.log({ chain: user }, -1, record, keptUntilMs);
    this.#forgetUser(user, version);
    this.#memory.setDone(user, receipt);
    for (const key of keys) this.#notices.add({ key, tenantOf: user }, key, receipt, false);
  }

  /** Takes another anonymous ID of the person whose erasure came last. */
  #takeWith(chain: number, { receipt, linked }: IdentityRecord): void {
    this.#notices.add({ chain }, this.#homes.keyOf(chain), receipt, linked);
  }

  #forgetUser(user: number, version: number): void {
    const persons = this.#persons;
    this.#forgetting.forgetOwn(user);
    for (const chain of persons.linkedTo(user)) {
      // A chain whose home is here waits for its own message: by then it may belong to another user.
      if (persons.isCopy(chain)) this.#forgetting.forgetCopy(chain);
      const link = persons.linkOf(chain);
      if (link !== undefined) persons.link(chain, { ...link, user: -1 });
    }
    this.#pairs.forget(user, version);
  }

  /** @param user whose erasure it is a part of; −1 where it was asked for by the anonymous ID itself */
  #eraseAnonymous(
    chain: number,
    user: number,
    { version, receipt, linked: isAskedFor }: IdentityRecord,
    arrivedMs: number,
  ): void {
    if (this.#memory.isDone(chain, receipt)) return;
    const known = this.#persons.decisionOf(chain);
    const currentUser = userOf(known);
    // It had a user when it was asked for, and has none by now: it is erased all the same.
    const isUnlinkedNow = isAskedFor && currentUser < 0;
    const last = this.#memory.lastOf(chain);
    // A later erasure of the same user overtook this one and did its work: newer facts are not this one's concern.
    if (user >= 0 && last?.user === user && version < last.version && !isUnlinkedNow) return;
    if (user < 0 && currentUser >= 0) {
      this.#eraseWithUser(chain, currentUser, receipt);
      return;
    }
    const isTheirs =
      user < 0 ||
      isUnlinkedNow ||
      known === undefined ||
      known.time === ERASED_TIME_MS ||
      currentUser === user;
    const generation = this.#persons.nextGeneration(arrivedMs);
    const record = { kind: IDENTITY_ERASE, linked: isTheirs, version, generation, receipt };
    this.#messages.log({ chain }, user, record, newestTimeOf(this.#tables, chain));
    this.#memory.setDone(chain, receipt);
    this.#memory.setLast(chain, { user, version });
    if (known !== undefined && (user < 0 || !isTheirs)) this.#logAgain(chain, known);
    if (!isTheirs) return;
    if (user >= 0) this.noteFormerHome(chain, this.#homes.homeOf(user));
    const homes = this.#memory.formerHomesOf(chain);
    this.#forgetAnonymous(chain, user, version, generation);
    for (const home of homes) this.sendErased(home, chain);
  }

  /** Erases the user whom an anonymous ID belongs to, and the ID with them once their partition sends the notice. */
  #eraseWithUser(chain: number, user: number, receipt: Uint8Array): void {
    const to = this.#homes.homeOf(user);
    this.#send(to, { chain: user }, -1, { kind: IDENTITY_ERASE, receipt });
    this.#send(to, { chain }, -1, { kind: IDENTITY_ERASE_WITH, linked: true, receipt });
  }

  /** Logs a decision that outlasts an erasure: the erasure purges earlier records that name the two. */
  #logAgain(chain: number, { user, keptUntilMs, ...decision }: Decision): void {
    this.#messages.log({ chain }, user, { ...decision, kind: IDENTITY_DECISION }, keptUntilMs);
  }

  #forgetAnonymous(chain: number, user: number, version: number, generation: number): void {
    const persons = this.#persons;
    const link = persons.linkOf(chain);
    // Linked to the user again where both have their home here and the message came behind the newer link.
    if (link !== undefined && link.user >= 0) this.#affected.markOthers(link.user, chain);
    this.#forgetting.forgetOwn(chain);
    this.#memory.setValidFrom(chain, generation);
    this.#memory.clearFormerHomes(chain);
    persons.noteGeneration(generation);
    if (user < 0) return;
    // An earlier claim that is still under way has a lower version, and is refused.
    const decision = { user, version, generation, time: ERASED_TIME_MS, keptUntilMs: 0 };
    persons.decide(chain, { ...decision, linked: false });
    if (link !== undefined) persons.link(chain, { user: -1, generation, keptUntilMs: 0 });
  }

  /** Forgets copies of a chain whose home has erased it, except those behind later links. */
  #takeErased(chain: number, generation: number): void {
    if ((this.#memory.validFrom(chain) ?? 0) >= generation) return;
    const link = this.#persons.linkOf(chain);
    if (link !== undefined && link.user >= 0) this.#affected.markOthers(link.user, chain);
    const keptUntilMs = newestTimeOf(this.#tables, chain);
    this.#forgetting.forgetCopy(chain);
    this.#memory.setCopiesErased(chain, generation);
    if (link !== undefined && link.generation < generation) {
      this.#persons.link(chain, { ...link, user: -1, generation });
    }
    if (this.#arrivedMs === undefined) return;
    const record = { kind: IDENTITY_ERASED, generation, receipt: NO_RECEIPT };
    this.#messages.log({ chain }, -1, record, keptUntilMs);
  }

  #restore({ record, chain, anonymous, user }: ReceivedRecord): void {
    const { linked, version, generation, receipt } = record;
    if (record.kind !== IDENTITY_ERASE || this.#memory.isDone(chain, receipt)) return;
    this.#memory.setDone(chain, receipt);
    if (anonymous) this.#memory.setLast(chain, { user, version });
    if (!anonymous) this.#forgetUser(chain, version);
    else if (linked) this.#forgetAnonymous(chain, user, version, generation);
  }

  #send(to: number, subject: Subject, user: number, record: Partial<IdentityRecord>): void {
    this.#messages.send(to, subject, user, record, 0);
  }
}
