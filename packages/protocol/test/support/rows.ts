import { Buffer } from "node:buffer";
import {
  BatchScanner,
  createRowDictionaries,
  EntryReader,
  EntryWriter,
  EventRow,
  EVENT_TYPES,
  DIMENSION_FIELDS,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
  formatDecimal,
  formatUuid,
  packEvents,
  readRareFields,
  type RowDictionaries,
  type ScanOptions,
  type ScanResult,
  unpackProperties,
} from "../../src/index.ts";

export const NOW = 1_790_000_000_000;

const SCAN: ScanOptions = {
  now: NOW,
  tenant: 1,
  maxEvents: 1000,
  maxEventBytes: 32_768,
  maxFutureMs: 86_400_000,
  clockToleranceMs: 2000,
  maxTransitMs: 3_300_000,
};

/** A row as an object, for comparing. */
export function rowToObject(row: EventRow, dictionaries: RowDictionaries): Record<string, unknown> {
  const user =
    (row.flags & FLAG_USER_UUID) !== 0
      ? formatUuid(row.user, row.userStart)
      : textOf(row.user, row.userStart, row.userLength);
  const object: Record<string, unknown> = {
    tenant: dictionaries.tenants.text(row.tenant),
    id:
      (row.flags & FLAG_ID_UUID) !== 0
        ? formatUuid(row.id, row.idStart)
        : textOf(row.id, row.idStart, row.idLength),
    type: EVENT_TYPES[row.flags & FLAG_TYPE_MASK],
    time: row.time,
    [(row.flags & FLAG_ANONYMOUS) !== 0 ? "anonymousId" : "userId"]: user,
  };
  for (const [i, field] of DIMENSION_FIELDS.entries()) {
    const text = dictionaries.dimensions[i]?.text(row.dimensions[i] ?? 0) ?? "";
    if (text !== "") object[field] = text;
  }
  if ((row.flags & FLAG_RARE) === 0) return object;
  const { properties, value, ...texts } = readRareFields(row);
  for (const [field, text] of Object.entries(texts)) if (text !== "") object[field] = text;
  if (value !== undefined) object["value"] = formatDecimal(value);
  if (properties !== undefined) object["properties"] = unpackProperties(properties);
  return object;
}

function textOf(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.subarray(start, start + length)).toString("utf8");
}

/** Scans a packed body into one entry. */
export function scanToEntry(
  body: Uint8Array,
  options: Partial<ScanOptions> = {},
): ScanResult & { entry: Uint8Array } {
  const dictionaries = createRowDictionaries(7);
  dictionaries.tenants.internText("default");
  const writer = new EntryWriter(dictionaries);
  const result = new BatchScanner(dictionaries).scan(body, { ...SCAN, ...options }, (row) =>
    writer.append(row),
  );
  return { ...result, entry: writer.finish() };
}

/** {@link scanToEntry} of events as values. */
export function scanEvents(events: readonly unknown[], options: Partial<ScanOptions> = {}) {
  return scanToEntry(packEvents(events), options);
}

/** Every row of an entry, as objects. */
export function readAll(entry: Uint8Array): Record<string, unknown>[] {
  const dictionaries = createRowDictionaries(99);
  const reader = new EntryReader(entry, dictionaries);
  const row = new EventRow();
  const rows: Record<string, unknown>[] = [];
  while (reader.next(row)) rows.push(rowToObject(row, dictionaries));
  return rows;
}
