import { hasClickId, linkClickOf, referrerHostOf } from "@tributary/attribution";
import {
  createRowDictionaries,
  DIMENSION_COUNT,
  emptyIdentityRecord,
  EntryReader,
  EVENT_TYPES,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  isCopy,
  isOrderRow,
  type RareFields,
  readIdentity,
  readRareFields,
  TYPE_CLICK,
  TYPE_IDENTITY,
  TYPE_VISIT,
  unpackProperties,
  type Dictionary,
  type RowDictionaries,
} from "@tributary/protocol";
import { ERASING_COLUMNS, EVENT_COLUMNS, IDENTITY_COLUMNS } from "./fact-columns.ts";
import {
  boundDictionaries,
  malformedRows,
  plainBytes,
  rowsError,
  writeEventId,
  writeUserKey,
  type BlockPlace,
  type RowBatch,
} from "./row-batch.ts";
import { RowBinaryWriter } from "./row-binary.ts";
import { ERASING_TABLE, EVENTS_TABLE, IDENTITIES_TABLE } from "../engine/schema.ts";

/**
 * Makes rows of fact blocks, without an object a row: facts become rows of `events`, decisions about anonymous IDs rows of
 * `identities`, and records of erasures rows of `erasing`. A copy of another partition's fact gives no row: the fact is that
 * partition's.
 */
export class FactRows {
  readonly #writer = new RowBinaryWriter();
  readonly #identities = new RowBinaryWriter();
  readonly #record = emptyIdentityRecord();
  readonly #user = new EventRow();
  readonly #erasing = new RowBinaryWriter();
  #identityRows = 0;
  #erasingRows = 0;
  readonly #dictionaries: RowDictionaries;
  readonly #row = new EventRow();
  #rows = 0;
  #traces: Uint8Array = new Uint8Array(0);

  /** @param seed of the dictionaries' hash, secret where the strings come from strangers */
  constructor(seed: number) {
    this.#dictionaries = createRowDictionaries(seed);
  }

  /** Rows of `events` added since {@link clear}. */
  get rows(): number {
    return this.#rows;
  }

  /** Trace contexts of the block added last, 25 bytes each. */
  get traces(): Uint8Array {
    return this.#traces;
  }

  /**
   * Adds a block's facts; either all of them or none.
   * @param entryId of the block, `<ms>-<number>`
   * @param committedId that the block's commit reached in the events
   * @returns rows added
   * @throws WarehouseError `block_undecodable` where the bytes cannot be read; another error says nothing about them
   */
  add(block: Uint8Array, partition: number, entryId: string, committedId = ""): number {
    const before = this.#writer.length;
    const beforeIdentities = this.#identities.length;
    const identitiesBefore = this.#identityRows;
    const beforeErasing = this.#erasing.length;
    const erasingBefore = this.#erasingRows;
    const place = { partition, entryId, committedId };
    const row = this.#row;
    let count = 0;
    let records = 0;
    try {
      const reader = new EntryReader(plainBytes(block), this.#dictionaries);
      while (reader.next(row)) {
        if ((row.flags & FLAG_TYPE_MASK) === TYPE_IDENTITY) {
          this.#appendIdentity(row, reader, place, records);
          records += 1;
        } else if (row.rareLength === 0 || !isCopy(row.rare, row.rareStart)) {
          this.#append(row, place);
          count += 1;
        }
      }
      this.#traces = reader.traces;
    } catch (error) {
      this.#writer.truncate(before);
      this.#identities.truncate(beforeIdentities);
      this.#identityRows = identitiesBefore;
      this.#erasing.truncate(beforeErasing);
      this.#erasingRows = erasingBefore;
      throw rowsError(error);
    }
    this.#rows += count;
    return count;
  }

  /** The rows added so far. They are valid until the next {@link add} or {@link clear}. */
  finish(): RowBatch {
    return {
      table: EVENTS_TABLE,
      columns: EVENT_COLUMNS,
      bytes: this.#writer.written(),
      rows: this.#rows,
    };
  }

  /** As {@link finish}, of `identities`. */
  finishIdentities(): RowBatch {
    return {
      table: IDENTITIES_TABLE,
      columns: IDENTITY_COLUMNS,
      bytes: this.#identities.written(),
      rows: this.#identityRows,
    };
  }

  /** As {@link finish}, of `erasing`. */
  finishErasing(): RowBatch {
    return {
      table: ERASING_TABLE,
      columns: ERASING_COLUMNS,
      bytes: this.#erasing.written(),
      rows: this.#erasingRows,
    };
  }

  /** Drops all rows. */
  clear(): void {
    this.#writer.truncate(0);
    this.#identities.truncate(0);
    this.#erasing.truncate(0);
    this.#rows = 0;
    this.#identityRows = 0;
    this.#erasingRows = 0;
    boundDictionaries(this.#dictionaries);
  }

  /**
   * Takes a record, with its second row where it has one: a decision of the anonymous ID's own partition or an erasure gives a row,
   * one of an order none.
   * @param ordinal place of the record in its block
   */
  #appendIdentity(row: EventRow, reader: EntryReader, place: BlockPlace, ordinal: number): void {
    if (isOrderRow(row.rare, row.rareStart, row.rareLength)) return;
    const record = this.#record;
    readIdentity(row.rare, row.rareStart, row.rareLength, record);
    const user = this.#user;
    if (record.hasUser && !reader.next(user)) throw malformedRows("a record without its user");
    if (record.kind === IDENTITY_ERASE) {
      this.#appendErasing(row, place, ordinal);
      return;
    }
    // An anonymous ID that was never linked needs no row.
    if (record.kind !== IDENTITY_DECISION || record.generation === 0) return;
    const writer = this.#identities;
    const tenant = this.#dictionaries.tenants.bytes(row.tenant);
    writer.stringBytes(tenant, 0, tenant.length);
    writeUserKey(writer, row);
    writer.uint64(record.generation);
    if (record.linked) writeUserKey(writer, user);
    else writer.emptyString();
    writer.dateTime64(record.time);
    writer.dateTime64(Number.parseInt(place.entryId, 10));
    writer.uint16(place.partition);
    writer.string(place.entryId);
    this.#identityRows += 1;
  }

  /** Appends the record that was read last. */
  #appendErasing(row: EventRow, place: BlockPlace, ordinal: number): void {
    const writer = this.#erasing;
    const tenant = this.#dictionaries.tenants.bytes(row.tenant);
    writer.stringBytes(tenant, 0, tenant.length);
    writer.uuidText(row.id, row.idStart);
    writer.uint16(place.partition);
    writer.string(place.entryId);
    writer.uint32(ordinal);
    writer.string(place.committedId);
    writeUserKey(writer, row);
    writer.uint8((row.flags & FLAG_ANONYMOUS) === 0 ? 0 : 1);
    writer.uint64(this.#record.generation);
    if (this.#record.hasUser) writeUserKey(writer, this.#user);
    else writer.emptyString();
    writer.uint8(this.#record.linked ? 1 : 0);
    this.#erasingRows += 1;
  }

  #append(row: EventRow, place: BlockPlace): void {
    const writer = this.#writer;
    const type = EVENT_TYPES[row.flags & FLAG_TYPE_MASK];
    if (type === undefined) throw malformedRows(`event type ${row.flags & FLAG_TYPE_MASK}`);
    const tenant = this.#dictionaries.tenants.bytes(row.tenant);
    writer.stringBytes(tenant, 0, tenant.length);
    writeEventId(writer, row);
    writer.string(type);
    writer.dateTime64(row.time);
    writeUserKey(writer, row);
    writer.uint8((row.flags & FLAG_ANONYMOUS) === 0 ? 0 : 1);
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      const code = row.dimensions[i] as number;
      if (code === 0) {
        writer.emptyString();
        continue;
      }
      const text = (this.#dictionaries.dimensions[i] as Dictionary).bytes(code);
      writer.stringBytes(text, 0, text.length);
    }
    const rare = (row.flags & FLAG_RARE) === 0 ? undefined : readRareFields(row);
    if (rare !== undefined) {
      appendRare(writer, rare);
    } else {
      writer.emptyString();
      writer.uint8(1);
      for (let i = 0; i < 6; i += 1) writer.emptyString();
    }
    writer.uint16(place.partition);
    writer.string(place.entryId);
    appendOrigin(writer, row.flags & FLAG_TYPE_MASK, rare);
  }
}

/** Appends the columns from `referrer_host` to `link_click`. */
function appendOrigin(writer: RowBinaryWriter, type: number, rare: RareFields | undefined): void {
  if (rare === undefined || (type !== TYPE_CLICK && type !== TYPE_VISIT)) {
    writer.emptyString();
    writer.uint8(0);
    writer.emptyString();
    return;
  }
  writer.string(referrerHostOf(rare.referrer));
  writer.uint8(hasClickId(rare.url) ? 1 : 0);
  writer.string(type === TYPE_VISIT ? linkClickOf(rare.url) : "");
}

/** Appends the columns from `name` to `properties`. */
function appendRare(writer: RowBinaryWriter, rare: RareFields): void {
  writer.string(rare.name);
  if (rare.value === undefined) {
    writer.uint8(1);
  } else {
    writer.uint8(0);
    writer.decimal128(rare.value);
  }
  writer.string(rare.currency);
  writer.string(rare.orderId);
  writer.string(rare.anonymousId);
  writer.string(rare.referrer);
  writer.string(rare.url);
  if (rare.properties === undefined) writer.emptyString();
  else writer.string(JSON.stringify(unpackProperties(rare.properties), jsonValue));
}

/** Turns integers beyond 2^53, which msgpack has and JSON has not, into text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
