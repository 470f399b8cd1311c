import readWorkbook, { type Sheet } from "read-excel-file/node";
import { ImportError } from "../errors.ts";
import type { Content } from "./content.ts";
import { fitRows } from "./csv-table.ts";
import { SkippedRows, withoutEdges } from "./edges.ts";
import { findHeader } from "./shape.ts";
import { TABLE_BOUNDS, type Table, type TableOptions, type TableRow } from "./table.ts";
import { summaryRow } from "./total-rows.ts";

/** Rows that a summary row is looked for in. */
const MAX_SUMMED = 10_000;
const BATCH_ROWS = 2000;

/** A number of a cell, as the workbook has it. */
interface CellNumber {
  readonly digits: string;
}

/**
 * Opens a sheet of an Excel workbook (Office Open XML), by default the first. Dates become local times without a zone.
 * Memory: the sheet as a whole.
 * @throws ImportError `file` for a workbook above the bound, a sheet that does not exist (naming those that do), or
 * damaged content
 */
export async function openSpreadsheet(content: Content, options: TableOptions): Promise<Table> {
  if (content.size > TABLE_BOUNDS.spreadsheetBytes) {
    const most = TABLE_BOUNDS.spreadsheetBytes / 1024 / 1024;
    throw new ImportError(
      "file",
      `${content.name} is a workbook above ${most} MiB; save the sheet as CSV`,
    );
  }
  const sheets = await readSheets(content);
  const names = sheets.map(({ sheet }) => sheet);
  const chosen =
    options.sheet === undefined ? sheets[0] : sheets.find(({ sheet }) => sheet === options.sheet);
  if (chosen === undefined) {
    throw new ImportError(
      "file",
      `${content.name} has no sheet ${options.sheet ?? ""}; it has ${names.join(", ")}`,
    );
  }
  const rows = chosen.data.map((cells, i): TableRow => ({
    line: i + 1,
    cells: cells.map(textOf),
    problem: undefined,
  }));
  const header = findHeader(content.name, rows, options.headerLine);
  const data = widened(
    fitRows(rows.slice(header.at + 1), header.names.length),
    header.names.length,
  );
  const summaryLine = data.length > MAX_SUMMED ? undefined : summaryRow(data)?.line;
  const skipped = new SkippedRows();
  skipped.reset(header.titles);
  return {
    columns: header.names,
    format: {
      kind: "xlsx",
      delimiter: undefined,
      charset: "utf-8",
      compression: "none",
      headerLine: header.line,
      skippedTitleRows: header.titles.length,
      sheet: chosen.sheet,
    },
    said: [],
    skipped: skipped.rows,
    bytesRead: () => content.size,
    rows: () => {
      skipped.reset(header.titles);
      return withoutEdges(batches(data), header.names.length, summaryLine, skipped);
    },
  };
}

async function readSheets(content: Content): Promise<Sheet<CellNumber>[]> {
  const bytes = await content.whole();
  try {
    return await readWorkbook<CellNumber>(bytes, {
      parseNumber: (digits) => ({ digits }),
      trim: false,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImportError("file", `${content.name} is a damaged workbook: ${reason.slice(0, 200)}`);
  }
}

async function* batches(rows: readonly TableRow[]): AsyncGenerator<TableRow[]> {
  for (let at = 0; at < rows.length; at += BATCH_ROWS) yield rows.slice(at, at + BATCH_ROWS);
}

/** A sheet has no cells where its rows end early. */
function widened(rows: readonly TableRow[], columns: number): TableRow[] {
  return rows.map((row) => {
    if (row.problem === undefined || row.cells.length >= columns) return row;
    const missing = Array.from<string>({ length: columns - row.cells.length }).fill("");
    return { line: row.line, cells: [...row.cells, ...missing], problem: undefined };
  });
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (value instanceof Date) {
    // The reader gives the wall clock's date and time as if they were UTC.
    return value
      .toISOString()
      .replace("T", " ")
      .replace(/(?: 00:00:00)?\.000Z$|Z$/, "");
  }
  return plainDigits((value as CellNumber).digits);
}

/** A workbook holds 15 digits, and writes 0.1 + 0.2 with 17 of them, and large numbers with an exponent. */
function plainDigits(digits: string): string {
  if (digits.length <= 15 && !/e/i.test(digits)) return digits;
  const number = Number(Number(digits).toPrecision(15));
  return Number.isSafeInteger(number) ? String(number) : number.toFixed(12).replace(/\.?0+$/, "");
}
