import type { Table, TableRow } from "../../../src/file/table.ts";

/** All rows of a table. */
export async function rowsOf(table: Table): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for await (const batch of table.rows()) rows.push(...batch);
  return rows;
}

/** The cells of all rows that have no problem. */
export async function cellsOf(table: Table): Promise<(readonly string[])[]> {
  const rows = await rowsOf(table);
  return rows.filter(({ problem }) => problem === undefined).map(({ cells }) => cells);
}
