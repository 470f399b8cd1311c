import { edgeReason } from "./total-rows.ts";
import { TABLE_BOUNDS, type SkippedRow, type TableRow } from "./table.ts";

/** Rows after the header among which a total may be. */
const MOST_LEADING = 3;

/** The rows that were skipped, up to their bound. */
export class SkippedRows {
  readonly rows: SkippedRow[] = [];

  /** Begins anew with the titles. */
  reset(titles: readonly TableRow[]): void {
    this.rows.length = 0;
    for (const { line, cells } of titles)
      this.add(line, `is a title ("${cells.join(" ").trim().slice(0, 32)}")`);
  }

  add(line: number, reason: string): void {
    if (this.rows.length < TABLE_BOUNDS.skippedRows) this.rows.push({ line, reason });
  }
}

/**
 * Leaves totals and footers out of rows: first ones, and the unbroken run of them at the end, for which the last rows are
 * held back.
 * @param columns how many the table has
 * @param summaryLine of a total that only its figures give away
 */
export async function* withoutEdges(
  batches: AsyncIterable<TableRow[]>,
  columns: number,
  summaryLine: number | undefined,
  skipped: SkippedRows,
): AsyncGenerator<readonly TableRow[]> {
  let held: TableRow[] = [];
  let isStart = true;
  for await (const batch of batches) {
    let rows = held.length === 0 ? batch : [...held, ...batch];
    if (isStart && rows.length > MOST_LEADING) {
      rows = withoutLeading(rows, columns, summaryLine, skipped);
      isStart = false;
    }
    if (rows.length <= TABLE_BOUNDS.totalRows + MOST_LEADING) {
      held = rows;
      continue;
    }
    held = rows.slice(-TABLE_BOUNDS.totalRows);
    yield rows.slice(0, -TABLE_BOUNDS.totalRows);
  }
  const last = isStart ? withoutLeading(held, columns, summaryLine, skipped) : held;
  const rest = withoutTrailing(last, columns, summaryLine, skipped);
  if (rest.length > 0) yield rest;
}

function withoutLeading(
  rows: TableRow[],
  columns: number,
  summaryLine: number | undefined,
  skipped: SkippedRows,
): TableRow[] {
  return rows.filter((row, at) => {
    const reason =
      at < MOST_LEADING && at < rows.length - 1 ? reasonOf(row, columns, summaryLine) : undefined;
    if (reason !== undefined) skipped.add(row.line, reason);
    return reason === undefined;
  });
}

function withoutTrailing(
  rows: readonly TableRow[],
  columns: number,
  summaryLine: number | undefined,
  skipped: SkippedRows,
): readonly TableRow[] {
  let end = rows.length;
  const found: SkippedRow[] = [];
  for (; end > 0; end -= 1) {
    const row = rows[end - 1];
    const reason = row === undefined ? undefined : reasonOf(row, columns, summaryLine);
    if (row === undefined || reason === undefined) break;
    found.unshift({ line: row.line, reason });
  }
  for (const { line, reason } of found) skipped.add(line, reason);
  return rows.slice(0, end);
}

function reasonOf(
  row: TableRow,
  columns: number,
  summaryLine: number | undefined,
): string | undefined {
  return row.line === summaryLine
    ? "is a total (the sum of all other rows, without their names)"
    : edgeReason(row, columns);
}
