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
import { ProtocolError } from "./errors.ts";
import { DIMENSION_COUNT } from "./event.ts";
import {
  containerRead,
  MsgpackReader,
  MsgpackWriter,
  readArrayHead,
  skipValue,
} from "./msgpack.ts";

export const ENTRY_VERSION = 1;
/** Latest time an entry can hold, ms since 1970: whoever keeps an event has 48 bits for it. */
const MAX_TIME_MS = 2 ** 48 - 1;
/** Most events an entry can hold: codes of two bytes must reach every string. */
export const MAX_ENTRY_EVENTS = 65_535;

export const FLAG_TYPE_MASK = 0x07;
/** The user key is an anonymousId. */
export const FLAG_ANONYMOUS = 0x08;
export const FLAG_ID_UUID = 0x10;
export const FLAG_RARE = 0x20;
/** Same tenant and user key as the event before. */
const FLAG_SAME_USER = 0x40;
export const FLAG_USER_UUID = 0x80;

const TRACE_BYTES = 25;
const ENTRY_FIELDS = 9 + DIMENSION_COUNT;
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
class ByteColumn {
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

/** Reads an entry row by row, without an object an event. Codes come out in the given dictionaries. */
export class EntryReader {
  /** How many events the entry holds. */
  readonly count: number;
  /** Trace contexts, 25 bytes each. */
  readonly traces: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #times: Uint8Array;
  readonly #ids: Uint8Array;
  readonly #users: Uint8Array;
  readonly #rare: Uint8Array;
  readonly #tenants: Int32Array;
  readonly #runs: Int32Array;
  readonly #codes: Uint8Array[] = [];
  readonly #remaps: (Int32Array | undefined)[] = [];
  #index = 0;
  #timePos = 0;
  #idPos = 0;
  #userPos = 0;
  #userStart = 0;
  #userLength = -1;
  #rarePos = 0;
  #time = 0;
  #run = 0;
  #runLeft = 0;

  /** @throws ProtocolError `entry_malformed` or `entry_version` */
  constructor(bytes: Uint8Array, dictionaries: RowDictionaries) {
    const reader = new MsgpackReader(bytes);
    const fields = reader.array();
    const version = reader.number();
    if (version !== ENTRY_VERSION) {
      throw new ProtocolError(
        "entry_version",
        `entry version ${version}; this reads ${ENTRY_VERSION}`,
      );
    }
    if (fields !== ENTRY_FIELDS) throw malformed(`${fields} fields instead of ${ENTRY_FIELDS}`);
    this.count = reader.number();
    const tenants = reader.array() / 2;
    this.#tenants = new Int32Array(tenants);
    this.#runs = new Int32Array(tenants);
    let total = 0;
    for (let i = 0; i < tenants; i += 1) {
      const name = reader.textBytes();
      this.#tenants[i] = dictionaries.tenants.intern(name, 0, name.length);
      this.#runs[i] = reader.number();
      total += this.#runs[i] as number;
    }
    this.#flags = reader.binary();
    this.#times = reader.binary();
    this.#ids = reader.binary();
    this.#users = reader.binary();
    if (total !== this.count || this.#flags.length !== this.count) {
      throw malformed("the columns' lengths differ");
    }
    for (const dictionary of dictionaries.dimensions) this.#dimension(reader, dictionary);
    this.#rare = reader.binary();
    this.traces = reader.binary();
  }

  /**
   * Fills `row` with the next event. Its byte ranges point into the entry.
   * @returns false after the last one. @throws ProtocolError where a column ends early.
   */
  next(row: EventRow): boolean {
    const index = this.#index;
    if (index >= this.count) return false;
    this.#index = index + 1;
    while (this.#runLeft === 0) {
      this.#runLeft = this.#runs[this.#run] as number;
      row.tenant = this.#tenants[this.#run] as number;
      this.#run += 1;
    }
    this.#runLeft -= 1;
    row.tenant = this.#tenants[this.#run - 1] as number;
    const flags = this.#flags[index] as number;
    row.flags = flags & ~FLAG_SAME_USER;
    this.#nextTime(row);
    this.#nextId(row, flags);
    if ((flags & FLAG_SAME_USER) === 0) this.#nextUser(flags);
    else if (this.#userLength < 0) throw malformed("the first event has no user");
    row.user = this.#users;
    row.userStart = this.#userStart;
    row.userLength = this.#userLength;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      const remap = this.#remaps[i];
      if (remap === undefined) {
        row.dimensions[i] = 0;
        continue;
      }
      const codes = this.#codes[i] as Uint8Array;
      const code =
        remap.length <= 256
          ? (codes[index] as number)
          : (codes[index * 2] as number) | ((codes[index * 2 + 1] as number) << 8);
      if (code >= remap.length) throw malformed("a dictionary code without its string");
      row.dimensions[i] = remap[code] as number;
    }
    row.rareLength = 0;
    if ((flags & FLAG_RARE) !== 0) this.#nextRare(row);
    return true;
  }

  #dimension(reader: MsgpackReader, dictionary: Dictionary): void {
    if (reader.nil()) {
      this.#remaps.push(undefined);
      this.#codes.push(NO_BYTES);
      return;
    }
    if (reader.array() !== 2) throw malformed("a dimension is not a pair");
    const strings = reader.array();
    const remap = new Int32Array(strings + 1);
    for (let i = 1; i <= strings; i += 1) {
      const text = reader.textBytes();
      remap[i] = dictionary.intern(text, 0, text.length);
    }
    const codes = reader.binary();
    if (codes.length !== this.count * (strings <= 255 ? 1 : 2)) {
      throw malformed("a dimension's codes are not as many as the events");
    }
    this.#remaps.push(remap);
    this.#codes.push(codes);
  }

  #nextTime(row: EventRow): void {
    const times = this.#times;
    let pos = this.#timePos;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = times[pos];
      if (byte === undefined || scale > 2 ** 53) throw malformed("the times end early");
      pos += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    this.#timePos = pos;
    this.#time += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    if (!(this.#time >= 0 && this.#time <= MAX_TIME_MS)) throw malformed("a time out of range");
    row.time = this.#time;
  }

  #nextId(row: EventRow, flags: number): void {
    row.id = this.#ids;
    let pos = this.#idPos;
    let length = 16;
    if ((flags & FLAG_ID_UUID) === 0) {
      length = this.#ids[pos] ?? Infinity;
      pos += 1;
    }
    row.idStart = pos;
    row.idLength = length;
    this.#idPos = pos + length;
    if (this.#idPos > this.#ids.length) throw malformed("the IDs end early");
  }

  #nextUser(flags: number): void {
    let pos = this.#userPos;
    let length = 16;
    if ((flags & FLAG_USER_UUID) === 0) {
      length = this.#users[pos] ?? Infinity;
      pos += 1;
    }
    this.#userStart = pos;
    this.#userLength = length;
    this.#userPos = pos + length;
    if (this.#userPos > this.#users.length) throw malformed("the users end early");
  }

  #nextRare(row: EventRow): void {
    const rare = this.#rare;
    let pos = this.#rarePos;
    let length = 0;
    let scale = 1;
    for (;;) {
      const byte = rare[pos];
      if (byte === undefined || scale > 2 ** 31) throw malformed("the rare fields end early");
      pos += 1;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    row.rare = rare;
    row.rareStart = pos;
    row.rareLength = length;
    this.#rarePos = pos + length;
    if (this.#rarePos > rare.length) throw malformed("the rare fields end early");
  }
}

/** Only the trace contexts of an entry, 25 bytes each, without reading its rows. @throws ProtocolError */
export function readEntryTraces(bytes: Uint8Array): Uint8Array {
  if (!readArrayHead(bytes, 0, bytes.length) || containerRead.count !== ENTRY_FIELDS) {
    throw malformed("it is not an array of its fields");
  }
  let pos = containerRead.next;
  for (let i = 0; i < ENTRY_FIELDS - 1; i += 1) pos = skipValue(bytes, pos, bytes.length);
  return new MsgpackReader(bytes.subarray(pos)).binary();
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("entry_malformed", `not an entry: ${what}`);
}
