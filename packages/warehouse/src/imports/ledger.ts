/** The ledger of imports: which files came, and which rows of events they brought. */
import { randomUUID } from "node:crypto";
import type { Column, WarehouseEngine } from "../engine/engine.ts";
import { IMPORT_LOOKUPS_TABLE, IMPORT_ROWS_TABLE, IMPORTS_TABLE } from "../engine/import-schema.ts";
import { RowBinaryWriter } from "../load/row-binary.ts";

export const IMPORT_KINDS = ["events", "spend", "rates"] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** `begun`: rows of it may be there; `done`: all of them are; `undone`: none is any more. */
export type ImportState = "begun" | "done" | "undone";

/** An import. */
export interface ImportRecord {
  readonly tenant: string;
  /** A random UUID. */
  readonly importId: string;
  readonly kind: ImportKind;
  readonly state: ImportState;
  /** Name of the file, without folders. */
  readonly file: string;
  /** Digest of the names of its columns. */
  readonly header: string;
  /** JSON. */
  readonly mapping: string;
  /** ms since 1970. */
  readonly begunAt: number;
  readonly rows: number;
  readonly newRows: number;
  /** Were there before, or come twice in the file. */
  readonly presentRows: number;
  /** Were there before with other values. */
  readonly differingRows: number;
  readonly refusedRows: number;
}

/** Most imports that a list has. */
const MAX_LISTED = 1000;

const IMPORT_COLUMNS: readonly Column[] = [
  ...["tenant", "import_id", "kind", "state", "file", "header", "mapping"].map((name): Column => ({
    name,
    type: "String",
  })),
  { name: "begun_at", type: "DateTime64(3, 'UTC')" },
  { name: "changed_at", type: "DateTime64(6, 'UTC')" },
  ...["rows", "new_rows", "present_rows", "differing_rows", "refused_rows"].map((name): Column => ({
    name,
    type: "UInt64",
  })),
];

/**
 * Stores an import; a later row of the same ID replaces it.
 * @param changedAt ms since 1970
 * @throws WarehouseError as the engine's insert
 */
export async function storeImport(
  engine: WarehouseEngine,
  record: ImportRecord,
  changedAt: number,
): Promise<void> {
  const writer = new RowBinaryWriter();
  const { tenant, importId, kind, state, file, header, mapping } = record;
  for (const text of [tenant, importId, kind, state, file, header, mapping]) writer.string(text);
  writer.dateTime64(record.begunAt);
  writer.dateTime64(changedAt * 1000);
  writer.uint64(record.rows);
  writer.uint64(record.newRows);
  writer.uint64(record.presentRows);
  writer.uint64(record.differingRows);
  writer.uint64(record.refusedRows);
  await engine.insertRowBinary(IMPORTS_TABLE, IMPORT_COLUMNS, writer.written());
}

/**
 * A tenant's imports, the newest first, at most 1,000.
 * @param importId only this one
 * @throws WarehouseError as the engine's query
 */
export async function readImports(
  engine: WarehouseEngine,
  tenant: string,
  importId?: string,
): Promise<ImportRecord[]> {
  const rows = await engine.query<Readonly<Record<string, string>>>(
    `SELECT import_id, kind, state, file, header, mapping, toString(toUnixTimestamp64Milli(begun_at)) AS begun,
  rows, new_rows, present_rows, differing_rows, refused_rows
FROM ${IMPORTS_TABLE} FINAL WHERE tenant = {tenant:String}${importId === undefined ? "" : " AND import_id = {import_id:String}"}
ORDER BY begun_at DESC, import_id LIMIT ${MAX_LISTED}`,
    { tenant, ...(importId === undefined ? {} : { import_id: importId }) },
  );
  return rows.map((row) => ({
    tenant,
    importId: row["import_id"] ?? "",
    kind: IMPORT_KINDS.find((kind) => kind === row["kind"]) ?? "events",
    state: row["state"] as ImportState,
    file: row["file"] ?? "",
    header: row["header"] ?? "",
    mapping: row["mapping"] ?? "",
    begunAt: Number(row["begun"]),
    rows: Number(row["rows"]),
    newRows: Number(row["new_rows"]),
    presentRows: Number(row["present_rows"]),
    differingRows: Number(row["differing_rows"]),
    refusedRows: Number(row["refused_rows"]),
  }));
}

/**
 * The mapping that a tenant last imported a file with the same columns by, as JSON; undefined where none was.
 * @param header digest of the names of the columns
 * @throws WarehouseError as the engine's query
 */
export async function readMapping(
  engine: WarehouseEngine,
  tenant: string,
  header: string,
): Promise<string | undefined> {
  const [row] = await engine.query<{ mapping: string }>(
    `SELECT mapping FROM ${IMPORTS_TABLE} FINAL
WHERE tenant = {tenant:String} AND header = {header:String} AND state != 'undone' ORDER BY begun_at DESC LIMIT 1`,
    { tenant, header },
  );
  return row?.mapping;
}

/** Bytes of a row: 16 of what makes it itself, 8 of all of its content. */
export const IMPORT_ROW_BYTES = 24;

const ROW_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "row", type: "FixedString(16)" },
  { name: "content", type: "UInt64" },
  { name: "import_id", type: "String" },
];

const LOOKUP_COLUMNS: readonly Column[] = [
  { name: "lookup", type: "String" },
  { name: "place", type: "UInt32" },
  { name: "row", type: "FixedString(16)" },
  { name: "content", type: "UInt64" },
];

/**
 * Records rows that an import has brought.
 * @param rows {@link IMPORT_ROW_BYTES} each
 * @throws WarehouseError as the engine's insert
 */
export async function storeImportRows(
  engine: WarehouseEngine,
  tenant: string,
  importId: string,
  rows: Uint8Array,
): Promise<void> {
  const writer = new RowBinaryWriter();
  for (let at = 0; at < rows.length; at += IMPORT_ROW_BYTES) {
    writer.string(tenant);
    writer.bytes(rows, at, IMPORT_ROW_BYTES);
    writer.string(importId);
  }
  await engine.insertRowBinary(IMPORT_ROWS_TABLE, ROW_COLUMNS, writer.written());
}

/** A row that is known. */
export interface KnownRow {
  /** Place among the rows that were asked about, from 0. */
  readonly place: number;
  /** Whether all of its content is as it was. */
  readonly same: boolean;
}

/**
 * Which of some rows a tenant's imports have brought. Cost: one pass over the tenant's rows, some 10 ns each.
 * @param rows {@link IMPORT_ROW_BYTES} each
 * @throws WarehouseError as the engine
 */
export async function findImportRows(
  engine: WarehouseEngine,
  tenant: string,
  rows: Uint8Array,
): Promise<KnownRow[]> {
  if (rows.length === 0) return [];
  const lookup = randomUUID();
  const writer = new RowBinaryWriter();
  for (let at = 0, place = 0; at < rows.length; at += IMPORT_ROW_BYTES, place += 1) {
    writer.string(lookup);
    writer.uint32(place);
    writer.bytes(rows, at, IMPORT_ROW_BYTES);
  }
  await engine.insertRowBinary(IMPORT_LOOKUPS_TABLE, LOOKUP_COLUMNS, writer.written());
  try {
    const found = await engine.query<{ place: number; same: number }>(
      `SELECT asked.place AS place, max(known.content = asked.content) AS same
FROM (SELECT row, content FROM ${IMPORT_ROWS_TABLE} WHERE tenant = {tenant:String}
  AND row IN (SELECT row FROM ${IMPORT_LOOKUPS_TABLE} WHERE lookup = {lookup:String})) AS known
INNER JOIN (SELECT row, content, place FROM ${IMPORT_LOOKUPS_TABLE} WHERE lookup = {lookup:String}) AS asked
  ON known.row = asked.row GROUP BY place`,
      { tenant, lookup },
    );
    return found.map(({ place, same }) => ({ place, same: same === 1 }));
  } finally {
    await engine.command(`ALTER TABLE ${IMPORT_LOOKUPS_TABLE} DROP PARTITION '${lookup}'`);
  }
}
