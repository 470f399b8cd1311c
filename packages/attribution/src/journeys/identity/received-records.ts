import {
  type EntryColumns,
  emptyIdentityRecord,
  EventRow,
  FLAG_ANONYMOUS,
  IDENTITY_ERASE,
  IDENTITY_PAIR,
  type IdentityRecord,
  readIdentity,
} from "@tributary/protocol";
import { withReserve } from "../settings/reserve.ts";
import { MAX_USERS } from "../tables/user-table.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import { type Key, keyOfRow } from "../chains/key.ts";

/** A record as it came, with its keys' numbers in this partition. */
export interface ReceivedRecord {
  readonly record: IdentityRecord;
  /** Event time until which the log keeps the record, ms since 1970. */
  readonly keptUntilMs: number;
  /** Chain of the key that the record is about; −1 for a pair, whose anonymous ID has no chain here. */
  readonly chain: number;
  /** −1 for none. */
  readonly user: number;
  /** A pair's anonymous ID. */
  readonly key: Key | undefined;
  /** Whether the record is about an anonymous ID: all are, except erasures. */
  readonly anonymous: boolean;
}

/** Reads records of identity out of rows: one row, and a second one where the record names a user. */
export class RecordReader {
  readonly #tables: JourneyTables;
  readonly #row = new EventRow();
  /** A record whose user is in the next row. */
  #first: Omit<ReceivedRecord, "user"> | undefined;
  /** Counts a record for whose key the partition has no room. */
  readonly #noteFull: () => void;

  constructor(tables: JourneyTables, noteFull: () => void) {
    this.#tables = tables;
    this.#noteFull = noteFull;
  }

  /** Begins a batch. */
  begin(): void {
    this.#first = undefined;
  }

  /**
   * Reads a row of TYPE_IDENTITY. @param staged number of its key among the staged ones
   * @returns the record that it completes; undefined where there is none, or no room for it
   * @throws ProtocolError where it is no record
   */
  read(columns: EntryColumns, index: number, staged: number): ReceivedRecord | undefined {
    const row = this.#row;
    const first = this.#first;
    columns.load(index, row);
    if (first !== undefined) {
      this.#first = undefined;
      const user = this.#numberOf(staged, first.record.kind);
      return user < 0 ? undefined : { ...first, user };
    }
    const record = emptyIdentityRecord();
    readIdentity(row.rare, row.rareStart, row.rareLength, record);
    const isPair = record.kind === IDENTITY_PAIR;
    const chain = isPair ? -1 : this.#numberOf(staged, record.kind);
    const key = isPair ? keyOfRow(row) : undefined;
    const anonymous = (row.flags & FLAG_ANONYMOUS) !== 0;
    if (record.kind >= IDENTITY_ERASE) {
      record.receipt = row.id.slice(row.idStart, row.idStart + row.idLength);
    }
    const received = { record, keptUntilMs: row.time, chain, key, anonymous };
    if (record.hasUser) {
      this.#first = received;
      return undefined;
    }
    return chain < 0 ? undefined : { ...received, user: -1 };
  }

  /** The number of a staged key, new where it has none; −1 where there is no room. Erasures always have room. */
  #numberOf(staged: number, kind: number): number {
    const { users, options } = this.#tables;
    const found = users.find(staged);
    if (found >= 0) return found;
    const maxUsers = Math.min(withReserve(options.maxUsers), MAX_USERS);
    if (users.size < maxUsers || kind >= IDENTITY_ERASE) return users.add(staged);
    this.#noteFull();
    return -1;
  }
}
