import { DIMENSION_FIELDS } from "@tributary/protocol";
import type { WarehouseEngine } from "../engine/engine.ts";
import { RATES_TABLE, SPEND_TABLE } from "../engine/import-schema.ts";

const TABLES = {
  spend: { table: SPEND_TABLE, key: ["day", ...DIMENSION_FIELDS], value: "(currency, amount)" },
  rates: { table: RATES_TABLE, key: ["day", "currency", "target"], value: "rate" },
} as const;

/** The rows of an import of spend or rates, by what was there before. */
export interface ImportedRows {
  readonly rows: number;
  /** Of days and names that had none. */
  readonly newRows: number;
  /** As they were. */
  readonly presentRows: number;
  /** In the place of other values. */
  readonly differingRows: number;
}

/** Counts the rows that an import has stored. @throws WarehouseError as the engine's query */
export async function countImported(
  engine: WarehouseEngine,
  kind: keyof typeof TABLES,
  tenant: string,
  importId: string,
): Promise<ImportedRows> {
  const { table, key, value } = TABLES[kind];
  const [row] = await engine.query<Readonly<Record<string, string>>>(
    `SELECT count() AS all_rows, countIf(earlier = 0) AS new_rows, countIf(earlier > 0 AND was = now) AS present_rows
FROM (SELECT countIf(import_id != {import_id:String}) AS earlier,
    argMaxIf(${value}, (imported_at, import_id), import_id != {import_id:String}) AS was,
    argMaxIf(${value}, (imported_at, import_id), import_id = {import_id:String}) AS now
  FROM ${table} FINAL WHERE tenant = {tenant:String}
  GROUP BY ${key.join(", ")} HAVING countIf(import_id = {import_id:String}) > 0)`,
    { tenant, import_id: importId },
  );
  const rows = Number(row?.["all_rows"] ?? 0);
  const newRows = Number(row?.["new_rows"] ?? 0);
  const presentRows = Number(row?.["present_rows"] ?? 0);
  return { rows, newRows, presentRows, differingRows: rows - newRows - presentRows };
}
