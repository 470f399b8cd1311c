import {
  ENTRY_FIELDS,
  ENTRY_VERSION,
  FLAG_ID_UUID,
  FLAG_RARE,
  FLAG_SAME_USER,
  FLAG_USER_UUID,
  MAX_TIME_MS,
} from "./entry.ts";
import type { EventRow, RowDictionaries } from "./event-row.ts";
import type { Dictionary } from "./dictionary.ts";
import { ProtocolError } from "../errors.ts";
import { DIMENSION_COUNT } from "../event.ts";
import { readVarint, varintRead } from "../bytes/varint.ts";
import { malformed, readTenantRuns } from "./tenants.ts";
import { binaryRead, MsgpackReader } from "../bytes/msgpack-reader.ts";
import { stringRead } from "../bytes/msgpack.ts";

/** Readable bytes behind the last field: a reader may take a short field as words without checking where it ends. */
const SLACK_BYTES = 16;
const UUID_BYTES = 16;

/**
 * The events of an entry as columns of numbers; one object holds one entry after another. Fields of bytes are places in
 * {@link bytes}, which is the entry's copy.
 */
export class EntryColumns {
  /** Events that the entry says it holds. */
  events = 0;
  /** Those that can be read, from the first. */
  count = 0;
  /** Why there are no more of them; undefined where all can be read. */
  problem: ProtocolError | undefined;
  /** The entry, and some bytes behind it that mean nothing. */
  bytes = new Uint8Array(0);
  /** The same bytes. */
  view = new DataView(this.bytes.buffer);
  /** FLAG_*; FLAG_SAME_USER as the entry has it. */
  flags = new Uint8Array(0);
  /** ms since 1970. */
  times = new Float64Array(0);
  /** Codes in the owner's dictionary. */
  tenants = new Int32Array(0);
  idStarts = new Int32Array(0);
  idLengths = new Int32Array(0);
  userStarts = new Int32Array(0);
  userLengths = new Int32Array(0);
  rareLengths = new Int32Array(0);
  /** Where an event's time and rare fields end: there begin those of the next. */
  timeEnds = new Int32Array(0);
  rareEnds = new Int32Array(0);
  /** Codes in the owner's dictionaries, a column a dimension. All 0 where {@link hasDimension} is false. */
  readonly dimensions = Array.from({ length: DIMENSION_COUNT }, () => new Int32Array(0));
  readonly hasDimension = new Uint8Array(DIMENSION_COUNT);
  /** Where the column of rare fields begins. */
  rareStart = 0;
  /** Trace contexts, 25 bytes each: a view. */
  traces: Uint8Array = new Uint8Array(0);
  readonly #tenantCodes: number[] = [];
  readonly #remaps = Array.from({ length: DIMENSION_COUNT }, () => new Int32Array(0));

  /**
   * Reads an entry. {@link problem} says what is wrong with single events.
   * @throws ProtocolError `entry_malformed` or `entry_version` where no event of it can be read
   */
  read(entry: Uint8Array, dictionaries: RowDictionaries): void {
    this.#hold(entry);
    const reader = new MsgpackReader(this.bytes.subarray(0, entry.length));
    const fields = reader.array();
    const version = reader.number();
    if (version !== ENTRY_VERSION) {
      throw new ProtocolError(
        "entry_version",
        `entry version ${version}; this reads ${ENTRY_VERSION}`,
      );
    }
    if (fields !== ENTRY_FIELDS) throw malformed(`${fields} fields instead of ${ENTRY_FIELDS}`);
    const events = reader.number();
    const runs = readTenantRuns(reader, this.bytes, dictionaries.tenants, this.#tenantCodes);
    reader.findBinary();
    if (runs.reduce((sum, run) => sum + run, 0) !== events || binaryRead.length !== events) {
      throw malformed("the columns' lengths differ");
    }
    this.#reserve(events);
    this.events = events;
    this.count = events;
    this.problem = undefined;
    this.flags.set(this.bytes.subarray(binaryRead.start, binaryRead.start + events));
    this.#fillTenants(runs);
    reader.findBinary();
    this.#readTimes(binaryRead.start, binaryRead.start + binaryRead.length);
    reader.findBinary();
    this.#readIds(binaryRead.start, binaryRead.start + binaryRead.length);
    reader.findBinary();
    this.#readUsers(binaryRead.start, binaryRead.start + binaryRead.length);
    for (const [i, dictionary] of dictionaries.dimensions.entries()) {
      this.#readDimension(reader, i, dictionary);
    }
    reader.findBinary();
    this.rareStart = binaryRead.start;
    this.#readRare(binaryRead.start, binaryRead.start + binaryRead.length);
    this.traces = reader.binary();
  }

  /** Fills a row with an event. Its byte ranges point into {@link bytes}. */
  load(index: number, row: EventRow): void {
    row.flags = (this.flags[index] as number) & ~FLAG_SAME_USER;
    row.time = this.times[index] as number;
    row.tenant = this.tenants[index] as number;
    row.id = this.bytes;
    row.idStart = this.idStarts[index] as number;
    row.idLength = this.idLengths[index] as number;
    row.user = this.bytes;
    row.userStart = this.userStarts[index] as number;
    row.userLength = this.userLengths[index] as number;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      row.dimensions[i] = this.dimensions[i]?.[index] as number;
    }
    row.rare = this.bytes;
    row.rareLength = this.rareLengths[index] as number;
    row.rareStart = (this.rareEnds[index] as number) - row.rareLength;
  }

  #hold(entry: Uint8Array): void {
    if (entry.length + SLACK_BYTES > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(this.bytes.length * 2, entry.length + SLACK_BYTES));
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(entry);
  }

  #reserve(count: number): void {
    if (count <= this.times.length) return;
    const size = Math.max(this.times.length * 2, count);
    this.flags = new Uint8Array(size);
    this.times = new Float64Array(size);
    this.tenants = new Int32Array(size);
    this.idStarts = new Int32Array(size);
    this.idLengths = new Int32Array(size);
    this.userStarts = new Int32Array(size);
    this.userLengths = new Int32Array(size);
    this.rareLengths = new Int32Array(size);
    this.timeEnds = new Int32Array(size);
    this.rareEnds = new Int32Array(size);
    for (let i = 0; i < DIMENSION_COUNT; i += 1) this.dimensions[i] = new Int32Array(size);
  }

  #fillTenants(runs: readonly number[]): void {
    let from = 0;
    for (const [i, run] of runs.entries()) {
      this.tenants.fill(this.#tenantCodes[i] as number, from, from + run);
      from += run;
    }
  }

  #readTimes(start: number, end: number): void {
    const { bytes, times, timeEnds } = this;
    let pos = start;
    let time = 0;
    for (let i = 0; i < this.count; i += 1) {
      const byte = bytes[pos] as number;
      if (byte < 0x80 && pos < end) {
        pos += 1;
        time += (byte & 1) === 0 ? byte >> 1 : -((byte + 1) >> 1);
      } else {
        pos = readVarint(bytes, pos, end, 2 ** 53);
        if (pos < 0) {
          this.#end(i, "the times end early");
          return;
        }
        const { value } = varintRead;
        time += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      if (!(time >= 0 && time <= MAX_TIME_MS)) {
        this.#end(i, "a time out of range");
        return;
      }
      times[i] = time;
      timeEnds[i] = pos;
    }
  }

  #readIds(start: number, end: number): void {
    const { bytes, flags, idStarts, idLengths } = this;
    let pos = start;
    for (let i = 0; i < this.count; i += 1) {
      let length = UUID_BYTES;
      if (((flags[i] as number) & FLAG_ID_UUID) === 0) {
        length = pos < end ? (bytes[pos] as number) : Infinity;
        pos += 1;
      }
      if (pos + length > end) {
        this.#end(i, "the IDs end early");
        return;
      }
      idStarts[i] = pos;
      idLengths[i] = length;
      pos += length;
    }
  }

  #readUsers(start: number, end: number): void {
    const { bytes, flags, userStarts, userLengths } = this;
    let pos = start;
    let userStart = -1;
    let length = 0;
    for (let i = 0; i < this.count; i += 1) {
      const flag = flags[i] as number;
      if ((flag & FLAG_SAME_USER) === 0) {
        length = UUID_BYTES;
        if ((flag & FLAG_USER_UUID) === 0) {
          length = pos < end ? (bytes[pos] as number) : Infinity;
          pos += 1;
        }
        userStart = pos;
        pos += length;
        if (pos > end) {
          this.#end(i, "the users end early");
          return;
        }
      } else if (userStart < 0) {
        this.#end(i, "the first event has no user");
        return;
      }
      userStarts[i] = userStart;
      userLengths[i] = length;
    }
  }

  #readDimension(reader: MsgpackReader, dimension: number, dictionary: Dictionary): void {
    const codes = this.dimensions[dimension] as Int32Array;
    if (reader.nil()) {
      if (this.hasDimension[dimension] !== 0) codes.fill(0);
      this.hasDimension[dimension] = 0;
      return;
    }
    this.hasDimension[dimension] = 1;
    if (reader.array() !== 2) throw malformed("a dimension is not a pair");
    const strings = reader.array();
    const remap = this.#remap(dimension, strings + 1);
    for (let i = 1; i <= strings; i += 1) {
      reader.findText();
      remap[i] = dictionary.intern(this.bytes, stringRead.start, stringRead.end);
    }
    reader.findBinary();
    const width = strings <= 255 ? 1 : 2;
    if (binaryRead.length !== this.events * width) {
      throw malformed("a dimension's codes are not as many as the events");
    }
    const { bytes } = this;
    const { start } = binaryRead;
    for (let i = 0; i < this.count; i += 1) {
      const at = start + i * width;
      const local =
        width === 1
          ? (bytes[at] as number)
          : (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      if (local > strings) {
        this.#end(i, "a dictionary code without its string");
        return;
      }
      codes[i] = remap[local] as number;
    }
  }

  /** Room for the codes of a dimension's strings; 0 stays 0. */
  #remap(dimension: number, size: number): Int32Array<ArrayBuffer> {
    let remap = this.#remaps[dimension] as Int32Array<ArrayBuffer>;
    if (size > remap.length) {
      remap = new Int32Array(size * 2);
      this.#remaps[dimension] = remap;
    }
    return remap;
  }

  #readRare(start: number, end: number): void {
    const { bytes, flags, rareEnds, rareLengths } = this;
    let pos = start;
    for (let i = 0; i < this.count; i += 1) {
      let length = 0;
      if (((flags[i] as number) & FLAG_RARE) !== 0) {
        pos = readVarint(bytes, pos, end, 2 ** 31);
        length = varintRead.value;
        if (pos < 0 || pos + length > end) {
          this.#end(i, "the rare fields end early");
          return;
        }
        pos += length;
      }
      rareLengths[i] = length;
      rareEnds[i] = pos;
    }
  }

  /** An event cannot be read: it and those after it do not count. */
  #end(index: number, what: string): void {
    this.count = index;
    this.problem = malformed(what);
  }
}
