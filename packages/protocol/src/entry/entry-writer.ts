import type { Buffer } from "node:buffer";
import { ByteColumn } from "../bytes/byte-column.ts";
import { MsgpackWriter } from "../bytes/msgpack-writer.ts";
import { DIMENSION_COUNT } from "../event.ts";
import { DimensionColumn } from "./dimension-column.ts";
import {
  ENTRY_FIELDS,
  ENTRY_VERSION,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_RARE,
  FLAG_SAME_USER,
  FLAG_USER_UUID,
  MAX_ENTRY_EVENTS,
  TRACE_BYTES,
} from "./entry.ts";
import type { EventRow, RowDictionaries } from "./event-row.ts";

/** Builds one entry after another; its columns are kept and reused. */
export class EntryWriter {
  readonly #dictionaries: RowDictionaries;
  readonly #dimensions: readonly DimensionColumn[];
  readonly #flags = new ByteColumn();
  readonly #times = new ByteColumn();
  readonly #ids = new ByteColumn();
  readonly #users = new ByteColumn();
  readonly #rare = new ByteColumn();
  readonly #traces = new ByteColumn();
  readonly #tenants: number[] = [];
  readonly #tenantRuns: number[] = [];
  #tenantRunStart = 0;
  #lastTenant = -1;
  #count = 0;
  #lastTime = 0;
  #lastUserStart = 0;
  #lastUserLength = -1;
  #lastUserFlags = 0;

  /** @param dictionaries that the rows' codes are from. */
  constructor(dictionaries: RowDictionaries) {
    this.#dictionaries = dictionaries;
    this.#dimensions = dictionaries.dimensions.map((dictionary) => new DimensionColumn(dictionary));
  }

  /** Events appended since the last {@link finish}. */
  get count(): number {
    return this.#count;
  }

  /** About how many bytes {@link finish} would give now. */
  get byteLength(): number {
    return (
      this.#count * (1 + DIMENSION_COUNT) +
      this.#times.length +
      this.#ids.length +
      this.#users.length +
      this.#rare.length
    );
  }

  /** Appends a row. @throws RangeError past {@link MAX_ENTRY_EVENTS}: callers flush well before. */
  append(row: EventRow): void {
    const index = this.#count;
    if (index >= MAX_ENTRY_EVENTS) throw new RangeError("the entry is full");
    let flags = row.flags;
    if (this.#sameTenant(row.tenant) && this.#sameUser(row)) {
      flags |= FLAG_SAME_USER;
    } else {
      this.#appendUser(row);
    }
    this.#flags.byte(flags);
    const difference = row.time - this.#lastTime;
    this.#lastTime = row.time;
    this.#times.varint(difference >= 0 ? difference * 2 : -difference * 2 - 1);
    if ((flags & FLAG_ID_UUID) === 0) this.#ids.byte(row.idLength);
    this.#ids.range(row.id, row.idStart, row.idLength);
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      const code = row.dimensions[i] as number;
      if (code !== 0) (this.#dimensions[i] as DimensionColumn).set(index, code);
    }
    if ((flags & FLAG_RARE) !== 0) {
      this.#rare.varint(row.rareLength);
      this.#rare.range(row.rare, row.rareStart, row.rareLength);
    }
    this.#count = index + 1;
  }

  /** Adds the trace context of a request (25 bytes) to the entry. */
  trace(context: Uint8Array): void {
    this.#traces.range(context, 0, TRACE_BYTES);
  }

  /** The entry's bytes; the writer is empty afterwards. */
  finish(): Buffer {
    const writer = new MsgpackWriter(this.byteLength + this.#traces.length + 1024);
    this.#endTenantRun();
    writer.array(ENTRY_FIELDS);
    writer.number(ENTRY_VERSION);
    writer.number(this.#count);
    writer.array(this.#tenants.length * 2);
    for (let i = 0; i < this.#tenants.length; i += 1) {
      writer.textBytes(this.#dictionaries.tenants.bytes(this.#tenants[i] as number));
      writer.number(this.#tenantRuns[i] as number);
    }
    for (const column of [this.#flags, this.#times, this.#ids, this.#users]) {
      writer.binary(column.bytes, column.length);
    }
    for (const column of this.#dimensions) column.encode(writer, this.#count);
    writer.binary(this.#rare.bytes, this.#rare.length);
    writer.binary(this.#traces.bytes, this.#traces.length);
    this.clear();
    return writer.finish();
  }

  /** Forgets what was appended. */
  clear(): void {
    const columns = [this.#flags, this.#times, this.#ids, this.#users, this.#rare, this.#traces];
    for (const column of columns) column.length = 0;
    for (const column of this.#dimensions) column.clear();
    this.#tenants.length = 0;
    this.#tenantRuns.length = 0;
    this.#tenantRunStart = 0;
    this.#lastTenant = -1;
    this.#count = 0;
    this.#lastTime = 0;
    this.#lastUserLength = -1;
  }

  #sameTenant(tenant: number): boolean {
    if (tenant === this.#lastTenant) return true;
    this.#endTenantRun();
    this.#lastTenant = tenant;
    return false;
  }

  #endTenantRun(): void {
    if (this.#lastTenant < 0) return;
    this.#tenants.push(this.#lastTenant);
    this.#tenantRuns.push(this.#count - this.#tenantRunStart);
    this.#tenantRunStart = this.#count;
  }

  #sameUser(row: EventRow): boolean {
    if (row.userLength !== this.#lastUserLength) return false;
    if ((row.flags & (FLAG_ANONYMOUS | FLAG_USER_UUID)) !== this.#lastUserFlags) return false;
    const { bytes } = this.#users;
    for (let i = 0; i < row.userLength; i += 1) {
      if (bytes[this.#lastUserStart + i] !== row.user[row.userStart + i]) return false;
    }
    return true;
  }

  #appendUser(row: EventRow): void {
    if ((row.flags & FLAG_USER_UUID) === 0) this.#users.byte(row.userLength);
    this.#lastUserStart = this.#users.length;
    this.#lastUserLength = row.userLength;
    this.#lastUserFlags = row.flags & (FLAG_ANONYMOUS | FLAG_USER_UUID);
    this.#users.range(row.user, row.userStart, row.userLength);
  }
}
