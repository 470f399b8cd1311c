/**
 * The batch entry: events as columns, in one versioned msgpack value. It is what a stream entry of `events` and
 * a block of `facts` hold; a result block holds two. docs/entry-format.md describes the layout for other languages,
 * vectors/entry.json lets them check themselves.
 *
 *   [version, count, tenants, flags, times, ids, users, dimensions ×6, rare, traces]
 *
 * - tenants: [name, run length, name, run length, …]
 * - flags: a byte an event, see FLAG_*
 * - times: zigzag LEB128 differences to the time before (the first to 0), ms
 * - ids, users: 16 bytes where the flag says UUID, else a length byte and UTF-8; no user bytes under FLAG_SAME_USER
 * - each dimension: nil where no event has it, else [strings, codes]; codes take one byte up to 255 strings, else two
 *   (little endian); 0 is absent, n the n-th string
 * - rare: for each event with FLAG_RARE, LEB128 length and pairs of (field code, msgpack value as it came)
 * - traces: 25 bytes each (trace ID, span ID, flags) of the requests in the batch
 */
import { Buffer } from "node:buffer";
import { Dictionary } from "./dictionary.ts";
import { DIMENSION_COUNT } from "../event.ts";
import { MsgpackWriter } from "../bytes/msgpack.ts";

export const ENTRY_VERSION = 1;
/** Latest time an entry can hold, ms since 1970: whoever keeps an event has 48 bits for it. */
export const MAX_TIME_MS = 2 ** 48 - 1;
/** Most events an entry can hold: codes of two bytes must reach every string. */
export const MAX_ENTRY_EVENTS = 65_535;

export const FLAG_TYPE_MASK = 0x07;
/** The user key is an anonymousId. */
export const FLAG_ANONYMOUS = 0x08;
export const FLAG_ID_UUID = 0x10;
export const FLAG_RARE = 0x20;
/** Same tenant and user key as the event before. */
export const FLAG_SAME_USER = 0x40;
export const FLAG_USER_UUID = 0x80;

export const TRACE_BYTES = 25;
export const ENTRY_FIELDS = 9 + DIMENSION_COUNT;
const NO_BYTES = new Uint8Array(0);

/** One event between scanner, writer, reader and journeys: one object, filled anew for each, so nothing is allocated. */
export class EventRow {
  /** FLAG_* without FLAG_SAME_USER, which is the writer's own. */
  flags = 0;
  /** Event time, ms since 1970. */
  time = 0;
  /** Code of the tenant in the owner's tenant dictionary. */
  tenant = 0;
  id: Uint8Array = NO_BYTES;
  idStart = 0;
  idLength = 0;
  user: Uint8Array = NO_BYTES;
  userStart = 0;
  userLength = 0;
  /** Codes in the owner's dictionaries, one a dimension. */
  readonly dimensions = new Int32Array(DIMENSION_COUNT);
  rare: Uint8Array = NO_BYTES;
  rareStart = 0;
  rareLength = 0;
}

/** The dictionaries that an owner of rows interns into: one a dimension, and one for tenants. */
export interface RowDictionaries {
  readonly dimensions: readonly Dictionary[];
  readonly tenants: Dictionary;
}

/** New, empty dictionaries. @param seed see {@link Dictionary} */
export function createRowDictionaries(seed: number): RowDictionaries {
  const dimensions: Dictionary[] = [];
  for (let i = 0; i < DIMENSION_COUNT; i += 1) dimensions.push(new Dictionary(seed + i));
  return { dimensions, tenants: new Dictionary(seed + DIMENSION_COUNT) };
}

/** A byte column that grows. */
export class ByteColumn {
  bytes = new Uint8Array(1024);
  length = 0;

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  byte(value: number): void {
    const at = this.length;
    if (at === this.bytes.length) this.reserve(1);
    this.bytes[at] = value;
    this.length = at + 1;
  }

  range(from: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    const { bytes } = this;
    const at = this.length;
    if (length > 64) bytes.set(from.subarray(start, start + length), at);
    else for (let i = 0; i < length; i += 1) bytes[at + i] = from[start + i] as number;
    this.length = at + length;
  }

  /** LEB128 of a whole number ≥ 0 and < 2^53. */
  varint(value: number): void {
    if (value < 0x80) {
      this.byte(value);
      return;
    }
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length] = (rest % 0x80) | 0x80;
      this.length += 1;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.bytes[this.length] = rest;
    this.length += 1;
  }
}

const MAX_STAMP = 65_535;

/** A dimension's strings and codes of the entry in the making. */
class DimensionColumn {
  readonly #dictionary: Dictionary;
  /** Local codes, 0 where {@link set} was not called. */
  codes = new Uint16Array(64);
  /** Dictionary codes in the order of their local code. */
  readonly strings: number[] = [];
  /** By dictionary code: the local code in the lower 16 bits, which holds where the upper ones are the stamp. */
  #local = new Int32Array(64);
  /** Another one for each entry: nothing is cleared between them. */
  #stamp = 1;

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  /** @param code of the event's string, not 0: what has none is not set */
  set(index: number, code: number): void {
    if (index >= this.codes.length) this.#growCodes(index);
    if (code >= this.#local.length) this.#growLocal(code);
    let local = this.#local[code] as number;
    if (local >>> 16 !== this.#stamp) {
      this.strings.push(code);
      local = (this.#stamp << 16) | this.strings.length;
      this.#local[code] = local;
    }
    this.codes[index] = local;
  }

  encode(writer: MsgpackWriter, count: number): void {
    const { strings } = this;
    if (count > this.codes.length) this.#growCodes(count);
    if (strings.length === 0) {
      writer.nil();
      return;
    }
    writer.array(2);
    writer.array(strings.length);
    for (const code of strings) writer.textBytes(this.#dictionary.bytes(code));
    if (strings.length <= 255) {
      writer.binary(Uint8Array.from(this.codes.subarray(0, count)), count);
    } else {
      const wide = Buffer.allocUnsafe(count * 2);
      for (let i = 0; i < count; i += 1) wide.writeUInt16LE(this.codes[i] as number, i * 2);
      writer.binary(wide, count * 2);
    }
  }

  clear(): void {
    if (this.strings.length > 0) this.codes.fill(0);
    this.strings.length = 0;
    this.#stamp += 1;
    if (this.#stamp <= MAX_STAMP) return;
    this.#local.fill(0);
    this.#stamp = 1;
  }

  #growCodes(index: number): void {
    const grown = new Uint16Array(Math.max(this.codes.length * 2, index + 1));
    grown.set(this.codes);
    this.codes = grown;
  }

  #growLocal(code: number): void {
    const local = new Int32Array(Math.max(this.#local.length * 2, code + 1));
    local.set(this.#local);
    this.#local = local;
  }
}

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
