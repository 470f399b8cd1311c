import {
  emptyIdentityRecord,
  EntryWriter,
  EventRow,
  fillIdentityRow,
  fillUserRow,
  type IdentityRecord,
  MAX_ENTRY_EVENTS,
  type RowDictionaries,
} from "@tributary/protocol";
import type { UserTable } from "../tables/user-table.ts";
import { type Key, loadAnonymous } from "../chains/key.ts";

/** An entry for the events of another partition. */
export interface Message {
  readonly partition: number;
  /** Rows in it. */
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** A message is closed before it has more rows: its partition takes each as one batch. */
const MAX_MESSAGE_ROWS = 16_384;
const MAX_LOG_ROWS = MAX_ENTRY_EVENTS - 1;

/** The key that a record is about: by its chain or, where it has none here, as it is. */
export type Subject = { readonly chain: number } | { readonly key: Key; readonly tenantOf: number };

/** Writes a batch's records of identity: blocks for the log, and messages to other partitions. */
export class Messages {
  readonly #users: UserTable;
  readonly #dictionaries: RowDictionaries;
  readonly #log: EntryWriter;
  readonly #writers = new Map<number, EntryWriter>();
  readonly #row = new EventRow();
  readonly #record = emptyIdentityRecord();
  #closed: Message[] = [];
  #records: Uint8Array[] = [];

  constructor(users: UserTable, dictionaries: RowDictionaries) {
    this.#users = users;
    this.#dictionaries = dictionaries;
    this.#log = new EntryWriter(dictionaries);
  }

  /** Begins a batch. */
  begin(): void {
    this.#log.clear();
    for (const writer of this.#writers.values()) writer.clear();
    this.#closed = [];
    this.#records = [];
  }

  /** Adds a record to the log. @param user −1 for none */
  log(subject: Subject, user: number, record: Partial<IdentityRecord>, keptUntilMs: number): void {
    if (this.#log.count >= MAX_LOG_ROWS - 1) this.#records.push(this.#log.finish());
    this.#write(this.#log, subject, user, record, keptUntilMs);
  }

  /** Adds a record to the message to a partition. @param user −1 for none */
  send(
    partition: number,
    subject: Subject,
    user: number,
    record: Partial<IdentityRecord>,
    keptUntilMs: number,
  ): void {
    const writer = this.#writerFor(partition);
    if (writer.count >= MAX_MESSAGE_ROWS - 1) this.#close(partition, writer);
    this.#write(writer, subject, user, record, keptUntilMs);
  }

  /** Whether a partition's message has no room: the next row would begin another, which must be a record. */
  isFull(partition: number): boolean {
    return this.#writerFor(partition).count >= MAX_MESSAGE_ROWS - 1;
  }

  /** Adds a copy of a fact behind the record that began the message. */
  copy(partition: number, row: EventRow): void {
    this.#writerFor(partition).append(row);
  }

  /** Blocks of records for the log, within the length of an entry. */
  finishLog(): Uint8Array[] {
    if (this.#log.count > 0) this.#records.push(this.#log.finish());
    const records = this.#records;
    this.#records = [];
    return records;
  }

  finishMessages(): Message[] {
    for (const [partition, writer] of this.#writers) {
      if (writer.count > 0) this.#close(partition, writer);
    }
    return this.#closed;
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

  #writerFor(partition: number): EntryWriter {
    let writer = this.#writers.get(partition);
    if (writer === undefined) {
      writer = new EntryWriter(this.#dictionaries);
      this.#writers.set(partition, writer);
    }
    return writer;
  }

  #close(partition: number, writer: EntryWriter): void {
    const rows = writer.count;
    this.#closed.push({ partition, rows, bytes: writer.finish() });
  }
}
