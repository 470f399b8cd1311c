import { ENTRY_FIELDS } from "./entry.ts";
import type { EventRow, RowDictionaries } from "./event-row.ts";
import { EntryColumns } from "./columns.ts";
import { ProtocolError } from "../errors.ts";
import { containerRead, readArrayHead, skipValue } from "../bytes/msgpack.ts";
import { MsgpackReader } from "../bytes/msgpack-reader.ts";

/** Reads an entry row by row, without an object an event. Codes come out in the given dictionaries. */
export class EntryReader {
  /** How many events the entry holds. */
  readonly count: number;
  /** Trace contexts, 25 bytes each. */
  readonly traces: Uint8Array;
  readonly #columns = new EntryColumns();
  #index = 0;

  /** @throws ProtocolError `entry_malformed` or `entry_version` */
  constructor(bytes: Uint8Array, dictionaries: RowDictionaries) {
    this.#columns.read(bytes, dictionaries);
    this.count = this.#columns.events;
    this.traces = this.#columns.traces;
  }

  /**
   * Fills `row` with the next event. Its byte ranges point into a copy of the entry.
   * @returns false after the last one. @throws ProtocolError where a column ends early.
   */
  next(row: EventRow): boolean {
    const { count, problem } = this.#columns;
    if (this.#index >= count) {
      if (problem !== undefined) throw problem;
      return false;
    }
    this.#columns.load(this.#index, row);
    this.#index += 1;
    return true;
  }
}

/** Only the trace contexts of an entry, 25 bytes each, without reading its rows. @throws ProtocolError */
export function readEntryTraces(bytes: Uint8Array): Uint8Array {
  if (!readArrayHead(bytes, 0, bytes.length) || containerRead.count !== ENTRY_FIELDS) {
    throw new ProtocolError("entry_malformed", "not an entry: it is not an array of its fields");
  }
  let pos = containerRead.next;
  for (let i = 0; i < ENTRY_FIELDS - 1; i += 1) pos = skipValue(bytes, pos, bytes.length);
  return new MsgpackReader(bytes.subarray(pos)).binary();
}
