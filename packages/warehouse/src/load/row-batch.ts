import { AttributionError } from "@tributary/attribution";
import {
  FLAG_ID_UUID,
  FLAG_USER_UUID,
  ProtocolError,
  type EventRow,
  type RowDictionaries,
} from "@tributary/protocol";
import type { Column } from "../engine/engine.ts";
import { WarehouseError } from "../errors.ts";
import type { RowBinaryWriter } from "./row-binary.ts";

/** Rows ready to be inserted. */
export interface RowBatch {
  readonly table: string;
  readonly columns: readonly Column[];
  /** RowBinary. */
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** Where a block comes from. */
export interface BlockPlace {
  readonly partition: number;
  /** Entry ID of the block, `<ms>-<number>`. */
  readonly entryId: string;
  /** Committed ID that the block's commit reached in the events; "" in blocks that do not say it. */
  readonly committedId: string;
}

/**
 * The error that making rows of a block fails with: a WarehouseError where the block's bytes are at fault, else the error itself. A
 * defect or a shortage of memory says nothing about the block.
 */
export function rowsError(error: unknown): unknown {
  const isBlocks = error instanceof ProtocolError || error instanceof AttributionError;
  return isBlocks ? new WarehouseError("block_undecodable", error.message, error) : error;
}

/** The error of a block that its codec reads and whose rows do not fit together. */
export function malformedRows(what: string): ProtocolError {
  return new ProtocolError("entry_malformed", what);
}

/** Strings that a dictionary holds before it is emptied: strangers send them. */
const MAX_DICTIONARY_STRINGS = 100_000;

/** Empties the dictionaries that exceed their bound. Their earlier codes become void. */
export function boundDictionaries(dictionaries: RowDictionaries): void {
  for (const dictionary of [...dictionaries.dimensions, dictionaries.tenants]) {
    if (dictionary.size > MAX_DICTIONARY_STRINGS) dictionary.clear();
  }
}

/** Writes a row's event ID as text. */
export function writeEventId(writer: RowBinaryWriter, row: EventRow): void {
  if ((row.flags & FLAG_ID_UUID) !== 0) writer.uuidText(row.id, row.idStart);
  else writer.stringBytes(row.id, row.idStart, row.idLength);
}

/** Writes a row's user key as text. */
export function writeUserKey(writer: RowBinaryWriter, row: EventRow): void {
  if ((row.flags & FLAG_USER_UUID) !== 0) writer.uuidText(row.user, row.userStart);
  else writer.stringBytes(row.user, row.userStart, row.userLength);
}

/**
 * Views a block as a plain Uint8Array. The readers then see one shape of bytes, and `slice` copies, which a Buffer's does not.
 */
export function plainBytes(block: Uint8Array): Uint8Array {
  return new Uint8Array(block.buffer, block.byteOffset, block.length);
}
