import {
  emptyIdentityRecord,
  type EntryWriter,
  EventRow,
  fillIdentityRow,
  fillUserRow,
  type IdentityRecord,
} from "@tributary/protocol";
import type { Message, OutgoingRows } from "../outgoing-rows.ts";
import type { UserTable } from "../tables/user-table.ts";
import { type Key, loadAnonymous } from "../chains/key.ts";

/** The key that a record is about: by its chain or, where it has none here, as it is. */
export type Subject = { readonly chain: number } | { readonly key: Key; readonly tenantOf: number };

/** Writes a batch's records of identity: blocks for the log, and messages to other partitions. */
export class Messages {
  readonly #users: UserTable;
  readonly #outgoing: OutgoingRows;
  readonly #row = new EventRow();
  readonly #record = emptyIdentityRecord();

  constructor(users: UserTable, outgoing: OutgoingRows) {
    this.#users = users;
    this.#outgoing = outgoing;
  }

  /** Begins a batch. */
  begin(): void {
    this.#outgoing.begin();
  }

  /** Adds a record to the log. @param user −1 for none */
  log(subject: Subject, user: number, record: Partial<IdentityRecord>, keptUntilMs: number): void {
    this.#write(this.#outgoing.logWriter(), subject, user, record, keptUntilMs);
  }

  /** Adds a record to the message to a partition. @param user −1 for none */
  send(
    partition: number,
    subject: Subject,
    user: number,
    record: Partial<IdentityRecord>,
    keptUntilMs: number,
  ): void {
    this.#write(this.#outgoing.messageWriter(partition), subject, user, record, keptUntilMs);
  }

  /** Whether a partition's message has no room: the next row would begin another, which must be a record. */
  isFull(partition: number): boolean {
    return this.#outgoing.isFull(partition);
  }

  /** Adds a copy of a fact behind the record that began the message. */
  copy(partition: number, row: EventRow): void {
    this.#outgoing.append(partition, row);
  }

  /** Blocks of records for the log, within the length of an entry. */
  finishLog(): Uint8Array[] {
    return this.#outgoing.finishLog();
  }

  finishMessages(): Message[] {
    return this.#outgoing.finishMessages();
  }

  #write(
    writer: EntryWriter,
    subject: Subject,
    user: number,
    record: Partial<IdentityRecord>,
    keptUntilMs: number,
  ): void {
    const row = this.#row;
    Object.assign(this.#record, emptyIdentityRecord(), record, { hasUser: user >= 0 });
    if ("chain" in subject) this.#users.load(subject.chain, row);
    else {
      this.#users.load(subject.tenantOf, row);
      loadAnonymous(row, subject.key);
    }
    fillIdentityRow(row, this.#record, keptUntilMs);
    writer.append(row);
    if (user < 0) return;
    this.#users.load(user, row);
    fillUserRow(row, keptUntilMs);
    writer.append(row);
  }
}
