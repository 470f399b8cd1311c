/** Content of a dead letter, as far as it can be read. */
import {
  createRowDictionaries,
  DIMENSION_FIELDS,
  EntryReader,
  EVENT_TYPES,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
  formatDecimal,
  formatUuid,
  ProtocolError,
  readRareFields,
  readResultBlock,
  type RowDictionaries,
  unpackProperties,
} from "@tributary/protocol";
import type { KeptDeadLetter } from "@tributary/streams";

/** Rows that are shown of a block. */
const MAX_ROWS = 20;
/** Bytes that are shown of a block that cannot be read. */
const MAX_HEX_BYTES = 256;

export interface DeadLetterContent {
  /** The first events, facts, or conversions of results, each with the fields that it has. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The reason why further rows are missing; undefined where all could be read. */
  readonly problem?: string;
  /** The block's first bytes, where it cannot be read to its end. */
  readonly hexHead?: string;
  readonly bytes: number;
}

/** Decodes a dead letter's block as far as it can be read. */
export function decodeContent(letter: KeptDeadLetter): DeadLetterContent {
  const { block, stream } = letter;
  const bytes = block.length;
  const dictionaries = createRowDictionaries(1);
  const rows: Record<string, unknown>[] = [];
  try {
    const reader =
      stream === "results"
        ? readResultBlock(block, dictionaries).conversions
        : new EntryReader(block, dictionaries);
    const row = new EventRow();
    while (reader.next(row)) {
      if (rows.length === MAX_ROWS) return { rows, problem: `${reader.count} in all`, bytes };
      rows.push(plainRow(row, dictionaries));
    }
    return { rows, bytes };
  } catch (error) {
    // A damaged length may also cause a RangeError.
    if (!(error instanceof ProtocolError || error instanceof RangeError)) throw error;
    const hexHead = Buffer.from(block.subarray(0, MAX_HEX_BYTES)).toString("hex");
    return { rows, problem: error.message, hexHead, bytes };
  }
}

function plainRow(row: EventRow, dictionaries: RowDictionaries): Record<string, unknown> {
  const { flags } = row;
  const id = bytesText(row.id, row.idStart, row.idLength, (flags & FLAG_ID_UUID) !== 0);
  const user = bytesText(row.user, row.userStart, row.userLength, (flags & FLAG_USER_UUID) !== 0);
  const plain: Record<string, unknown> = {
    tenant: dictionaries.tenants.text(row.tenant),
    id,
    type: EVENT_TYPES[flags & FLAG_TYPE_MASK] ?? flags & FLAG_TYPE_MASK,
    time: new Date(row.time).toISOString(),
    [(flags & FLAG_ANONYMOUS) === 0 ? "userId" : "anonymousId"]: user,
  };
  for (const [i, field] of DIMENSION_FIELDS.entries()) {
    const code = row.dimensions[i] ?? 0;
    if (code !== 0) plain[field] = dictionaries.dimensions[i]?.text(code);
  }
  if (row.rareLength > 0) addRareFields(plain, row);
  return plain;
}

function addRareFields(plain: Record<string, unknown>, row: EventRow): void {
  const { value, properties, ...texts } = readRareFields(row);
  for (const [field, text] of Object.entries(texts)) if (text !== "") plain[field] = text;
  if (value !== undefined) plain["value"] = formatDecimal(value);
  if (properties !== undefined) plain["properties"] = unpackProperties(properties);
}

function bytesText(bytes: Uint8Array, start: number, length: number, isUuid: boolean): string {
  if (isUuid) return formatUuid(bytes, start);
  return Buffer.from(bytes.subarray(start, start + length)).toString("utf8");
}
