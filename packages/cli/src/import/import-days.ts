/** Checks a file of spend or rates as a whole, then stores it. */
import { checkDays, type DayRow, type Mapping, type Table } from "@tributary/imports";
import type { ImportClient } from "../client/import-client.ts";
import type { RejectFile } from "./reject-file.ts";

/** The good rows of a file; the others go into the reject file. */
export async function checkDayFile(
  table: Table,
  mapping: Mapping,
  rejects: RejectFile,
): Promise<readonly DayRow[]> {
  const kind = mapping.kind === "rates" ? "rates" : "spend";
  const { rows, refused } = await checkDays(kind, table, mapping);
  for (const row of refused) rejects.add(row);
  return rows;
}

/** Stores all rows as one import. */
export async function storeDayFile(
  ledger: ImportClient,
  begun: object,
  rows: readonly DayRow[],
  refusedRows: number,
): Promise<{ import: string; new: number; present: number; replaced: number }> {
  const { import: id } = await ledger.begin(begun);
  await ledger.storeDays(id, rows);
  const { newRows, presentRows, differingRows } = await ledger.end(id, {
    rows: rows.length + refusedRows,
    newRows: 0,
    presentRows: 0,
    differingRows: 0,
    refusedRows,
  });
  return { import: id, new: newRows, present: presentRows, replaced: differingRows };
}
