import { Buffer } from "node:buffer";
import { ByteColumn } from "../bytes/byte-column.ts";
import {
  ENTRY_FIELDS,
  ENTRY_VERSION,
  FLAG_ID_UUID,
  FLAG_SAME_USER,
  FLAG_USER_UUID,
  MAX_ENTRY_EVENTS,
  TRACE_BYTES,
} from "./entry.ts";
import type { RowDictionaries } from "./event-row.ts";
import type { Dictionary } from "./dictionary.ts";
import type { EntryColumns } from "./columns.ts";
import { DIMENSION_COUNT } from "../event.ts";
import { MsgpackWriter } from "../bytes/msgpack-writer.ts";

/**
 * Builds an entry out of events of other entries. What they share with those is copied as it is: times, IDs, users and
 * rare fields of neighbours are one range of bytes. Their dimensions may be others: each event has the number of a
 * combination of them.
 */
export class EntrySplicer {
  #count = 0;
  #tuples = new Int32Array(1024);
  #lastTime = 0;
  readonly #tenants: number[] = [];
  readonly #tenantRuns: number[] = [];
  readonly #flags = new ByteColumn();
  readonly #times = new ByteColumn();
  readonly #ids = new ByteColumn();
  readonly #users = new ByteColumn();
  readonly #rare = new ByteColumn();
  /** Combinations of the entry in the making, by their place in it; and their places, counted from 1. */
  readonly #local: number[] = [];
  #places = new Uint16Array(1024);
  /** Of the dimension being written: the entry's own codes of combinations and of dictionary codes, 0 for none yet. */
  #localOfTuple = new Uint16Array(1024);
  #localOfCode = new Uint16Array(1024);
  readonly #strings: number[] = [];
  /** Dictionary codes that hold instead of their combination's: events, dimensions and codes. */
  readonly #overriddenEvents: number[] = [];
  readonly #overriddenDimensions: number[] = [];
  readonly #overridingCodes: number[] = [];
  #narrow = new Uint8Array(1024);

  /** Events appended since the last {@link finish}. */
  get count(): number {
    return this.#count;
  }

  /**
   * Appends the events `from` to `to` (exclusive). @param tuples the combination of each event of the columns
   * @throws RangeError past {@link MAX_ENTRY_EVENTS}
   */
  append(columns: EntryColumns, from: number, to: number, tuples: Int32Array): void {
    const count = to - from;
    if (count <= 0) return;
    if (this.#count + count > MAX_ENTRY_EVENTS) throw new RangeError("the entry is full");
    this.#appendTenants(columns.tenants, from, to);
    this.#appendFirst(columns, from);
    const { bytes, flags, timeEnds, idStarts, idLengths, userStarts, userLengths } = columns;
    const last = to - 1;
    this.#flags.range(flags, from + 1, count - 1);
    copy(this.#times, bytes, timeEnds[from], timeEnds[last]);
    this.#lastTime = columns.times[last] as number;
    copy(this.#ids, bytes, endOf(idStarts, idLengths, from), endOf(idStarts, idLengths, last));
    const userEnd = endOf(userStarts, userLengths, last);
    copy(this.#users, bytes, endOf(userStarts, userLengths, from), userEnd);
    const rareStart = from === 0 ? columns.rareStart : columns.rareEnds[from - 1];
    copy(this.#rare, bytes, rareStart, columns.rareEnds[last]);
    this.#appendTuples(tuples, from, to);
    this.#count += count;
  }

  /** Gives one of the next events to be appended another code in a dimension. @param ahead how many come before it */
  override(ahead: number, dimension: number, code: number): void {
    this.#overriddenEvents.push(this.#count + ahead);
    this.#overriddenDimensions.push(dimension);
    this.#overridingCodes.push(code);
  }

  /**
   * The entry's bytes; the splicer is empty afterwards.
   * @param dictionaries of tenants and dimensions @param codes of combinations: DIMENSION_COUNT dictionary codes each
   * @param trace context (25 bytes) that the entry carries
   */
  finish(dictionaries: RowDictionaries, codes: Int32Array, trace: Uint8Array | undefined): Buffer {
    const columns = [this.#flags, this.#times, this.#ids, this.#users];
    const bytes = columns.reduce((sum, column) => sum + column.length, this.#rare.length);
    const writer = new MsgpackWriter(bytes + this.#count * DIMENSION_COUNT + 4096);
    writer.array(ENTRY_FIELDS);
    writer.number(ENTRY_VERSION);
    writer.number(this.#count);
    writer.array(this.#tenants.length * 2);
    for (const [i, tenant] of this.#tenants.entries()) {
      writer.textBytes(dictionaries.tenants.bytes(tenant));
      writer.number(this.#tenantRuns[i] as number);
    }
    for (const column of columns) writer.binary(column.bytes, column.length);
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      this.#writeDimension(writer, i, dictionaries, codes);
    }
    writer.binary(this.#rare.bytes, this.#rare.length);
    writer.binary(trace ?? new Uint8Array(0), trace === undefined ? 0 : TRACE_BYTES);
    this.clear();
    return writer.finish();
  }

  /** Forgets what was appended. */
  clear(): void {
    const columns = [this.#flags, this.#times, this.#ids, this.#users, this.#rare];
    for (const column of columns) column.length = 0;
    for (const tuple of this.#local) this.#places[tuple] = 0;
    this.#local.length = 0;
    this.#tenants.length = 0;
    this.#tenantRuns.length = 0;
    this.#overriddenEvents.length = 0;
    this.#overriddenDimensions.length = 0;
    this.#overridingCodes.length = 0;
    this.#count = 0;
    this.#lastTime = 0;
  }

  #appendTenants(tenants: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const last = this.#tenants.length - 1;
      if (tenants[i] === this.#tenants[last]) {
        let end = i + 1;
        while (end < to && tenants[end] === tenants[i]) end += 1;
        this.#tenantRuns[last] = (this.#tenantRuns[last] as number) + end - i;
        i = end - 1;
      } else {
        this.#tenants.push(tenants[i] as number);
        this.#tenantRuns.push(1);
      }
    }
  }

  /** What an event refers to the one before it for is not there any more: its time is a difference, its user left out. */
  #appendFirst(columns: EntryColumns, index: number): void {
    const flags = (columns.flags[index] as number) & ~FLAG_SAME_USER;
    this.#flags.byte(flags);
    const difference = (columns.times[index] as number) - this.#lastTime;
    this.#times.varint(difference >= 0 ? difference * 2 : -difference * 2 - 1);
    const idLength = columns.idLengths[index] as number;
    if ((flags & FLAG_ID_UUID) === 0) this.#ids.byte(idLength);
    this.#ids.range(columns.bytes, columns.idStarts[index] as number, idLength);
    const userLength = columns.userLengths[index] as number;
    if ((flags & FLAG_USER_UUID) === 0) this.#users.byte(userLength);
    this.#users.range(columns.bytes, columns.userStarts[index] as number, userLength);
  }

  #appendTuples(tuples: Int32Array, from: number, to: number): void {
    const at = this.#count - from;
    if (at + to > this.#tuples.length) {
      const grown = new Int32Array(Math.max(this.#tuples.length * 2, at + to));
      grown.set(this.#tuples);
      this.#tuples = grown;
    }
    for (let i = from; i < to; i += 1) {
      const tuple = tuples[i] as number;
      if (tuple >= this.#places.length) this.#places = grown(this.#places, tuple + 1);
      let place = this.#places[tuple] as number;
      if (place === 0) {
        place = this.#local.push(tuple);
        this.#places[tuple] = place;
      }
      this.#tuples[at + i] = place - 1;
    }
  }

  #writeDimension(
    writer: MsgpackWriter,
    dimension: number,
    { dimensions }: RowDictionaries,
    codes: Int32Array,
  ): void {
    this.#numberStrings(dimension, codes);
    const strings = this.#strings;
    if (strings.length === 0) {
      writer.nil();
      return;
    }
    writer.array(2);
    writer.array(strings.length);
    const dictionary = dimensions[dimension] as Dictionary;
    for (const code of strings) writer.textBytes(dictionary.bytes(code));
    const tuples = this.#tuples;
    const locals = this.#localOfTuple;
    const count = this.#count;
    if (strings.length <= 255) {
      if (count > this.#narrow.length) this.#narrow = new Uint8Array(count * 2);
      const narrow = this.#narrow;
      for (let i = 0; i < count; i += 1) narrow[i] = locals[tuples[i] as number] as number;
      this.#writeOverrides(dimension, narrow);
      writer.binary(narrow, count);
    } else {
      const wide = new Uint16Array(count);
      for (let i = 0; i < count; i += 1) wide[i] = locals[tuples[i] as number] as number;
      this.#writeOverrides(dimension, wide);
      const bytes = Buffer.allocUnsafe(count * 2);
      for (let i = 0; i < count; i += 1) bytes.writeUInt16LE(wide[i] as number, i * 2);
      writer.binary(bytes, bytes.length);
    }
    for (const code of strings) this.#localOfCode[code] = 0;
  }

  /** @param locals of the events, in the entry's own codes */
  #writeOverrides(dimension: number, locals: Uint8Array | Uint16Array): void {
    for (let i = 0; i < this.#overriddenEvents.length; i += 1) {
      if (this.#overriddenDimensions[i] !== dimension) continue;
      const code = this.#overridingCodes[i] as number;
      locals[this.#overriddenEvents[i] as number] = this.#localOfCode[code] as number;
    }
  }

  /** Numbers the strings of a dimension's overrides: first, as there may be one for each event that the entry can hold. */
  #numberOverrides(dimension: number): void {
    for (let i = 0; i < this.#overriddenEvents.length; i += 1) {
      if (this.#overriddenDimensions[i] !== dimension) continue;
      const code = this.#overridingCodes[i] as number;
      if (code >= this.#localOfCode.length) {
        this.#localOfCode = grown(this.#localOfCode, code + 1);
      }
      if (this.#localOfCode[code] === 0) this.#localOfCode[code] = this.#strings.push(code);
    }
  }

  /** Gives the few combinations the entry's own codes of a dimension, from which the many events then get theirs. */
  #numberStrings(dimension: number, codes: Int32Array): void {
    const strings = this.#strings;
    strings.length = 0;
    if (this.#overriddenEvents.length > 0) this.#numberOverrides(dimension);
    if (this.#local.length > this.#localOfTuple.length) {
      this.#localOfTuple = new Uint16Array(this.#local.length * 2);
    }
    for (let place = 0; place < this.#local.length; place += 1) {
      const tuple = this.#local[place] as number;
      const code = codes[tuple * DIMENSION_COUNT + dimension] as number;
      if (code >= this.#localOfCode.length) {
        this.#localOfCode = grown(this.#localOfCode, code + 1);
      }
      if (code !== 0 && this.#localOfCode[code] === 0) {
        this.#localOfCode[code] = strings.push(code);
      }
      this.#localOfTuple[place] = this.#localOfCode[code] as number;
    }
  }
}

function grown(codes: Uint16Array, least: number): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(Math.max(codes.length * 2, least));
  larger.set(codes);
  return larger;
}

function endOf(starts: Int32Array, lengths: Int32Array, index: number): number {
  return (starts[index] as number) + (lengths[index] as number);
}

function copy(to: ByteColumn, from: Uint8Array, start = 0, end = 0): void {
  if (end > start) to.range(from, start, end - start);
}
