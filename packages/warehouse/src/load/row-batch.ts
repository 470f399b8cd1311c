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

/** Where a block was read. */
export interface BlockPlace {
  readonly partition: number;
  /** Its entry ID, `<ms>-<number>`. */
  readonly position: string;
  /** Entry ID of the last of the events that it was made from; "" where that is not known. */
  readonly eventsPosition: string;
}

/**
 * What making rows of a block failed with: where the block's bytes are at fault a WarehouseError, else the error itself, which is a
 * defect or a shortage that says nothing about the block.
 */
export function rowsError(error: unknown): unknown {
  const isBlocks = error instanceof ProtocolError || error instanceof AttributionError;
  return isBlocks ? new WarehouseError("block_undecodable", error.message, error) : error;
}

/** The error of a block that its codec can read, and whose rows do not fit together. */
export function malformedRows(what: string): ProtocolError {
  return new ProtocolError("entry_malformed", what);
}

/** Strings a dictionary may hold before it is emptied: they come from strangers. */
const MAX_DICTIONARY_STRINGS = 100_000;

/** Empties the dictionaries that have grown past their bound. Codes given before are void. */
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
 * A block as a plain Uint8Array, whatever it came as: the readers then see one shape of bytes, and `slice` copies,
 * which a Buffer's does not.
 */
export function plainBytes(block: Uint8Array): Uint8Array {
  return new Uint8Array(block.buffer, block.byteOffset, block.length);
}
