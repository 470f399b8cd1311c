/** The shape of a text: which delimiter, which line is the header, which rows are titles and totals. */
import { ImportError } from "../errors.ts";
import { CsvRows } from "./csv-rows.ts";
import { DELIMITERS, TABLE_BOUNDS, type Delimiter, type TableRow } from "./table.ts";

/** Rows of the sample that tell delimiters apart. */
const MAX_JUDGED = 1000;

/** A header, and how many rows before it are titles. */
export interface Header {
  readonly line: number;
  readonly names: readonly string[];
  readonly titles: readonly TableRow[];
  /** Place of the header among the rows. */
  readonly at: number;
}

/** What ends the rows of a text: old Macs wrote a carriage return alone. */
export function newlineOf(sample: string): "\n" | "\r" {
  return sample.includes("\r") && !sample.includes("\n") ? "\r" : "\n";
}

/** The delimiter that the first line declares, as Excel reads and writes it: `sep=;`. */
export function declaredDelimiter(sample: string): Delimiter | undefined {
  const [, declared] = /^"?sep=(.)"?\r?[\n\r]/i.exec(sample) ?? [];
  return DELIMITERS.find((one) => one === declared);
}

/**
 * The delimiter under which most of the sample's rows have the same number of cells, above one; of equal ones the one
 * that makes more cells. A text without any is a table of one column.
 */
export function detectDelimiter(sample: string, isWhole: boolean): Delimiter {
  let best: { readonly delimiter: Delimiter; readonly score: number } = {
    delimiter: ",",
    score: 0,
  };
  for (const delimiter of DELIMITERS) {
    const rows = sampleRows(sample, delimiter, isWhole).slice(0, MAX_JUDGED);
    const read = rows.filter(({ cells, problem }) => problem === undefined && !isBlank(cells));
    const width = usualWidth(read);
    if (width < 2) continue;
    // A column more is worth less than a tenth of the rows that agree.
    const agreeing = read.filter(({ cells }) => cells.length === width).length / rows.length;
    const score = agreeing + Math.min(width, 50) / 1000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** The rows of the sample; without the last, which may be cut, unless the sample is the whole text. */
export function sampleRows(sample: string, delimiter: Delimiter, isWhole: boolean): TableRow[] {
  const reader = new CsvRows(delimiter, newlineOf(sample));
  const rows = reader.push(sample);
  return isWhole ? [...rows, ...reader.end()] : rows;
}

/**
 * Finds the header: the first row that fills more than half of the columns, and is as wide as the rows after it. Rows
 * before it are titles. The header's cells must be names.
 * @param given line of the header, where it is known
 * @throws ImportError `file` naming the line that was expected to be the header, and what it holds
 */
export function findHeader(
  name: string,
  rows: readonly TableRow[],
  given: number | undefined,
): Header {
  const filled = rows.filter(({ cells }) => !isBlank(cells));
  const [first] = filled;
  if (first === undefined) throw new ImportError("file", `${name} is empty: expected a header row`);
  const among = filled.filter(({ line }) => line <= TABLE_BOUNDS.headerLines);
  const row =
    given === undefined ? headerRow(among, filled) : filled.find(({ line }) => line >= given);
  if (row === undefined) throw noHeader(name, first);
  if (given === undefined && !areNames(trimmedRight(row.cells))) throw noHeader(name, row);
  const at = rows.indexOf(row);
  const titles =
    given === undefined ? rows.slice(0, at).filter(({ cells }) => !isBlank(cells)) : [];
  return headerOf(name, rows, at, titles);
}

function headerRow(among: readonly TableRow[], filled: readonly TableRow[]): TableRow | undefined {
  const width = usualWidth(filled);
  const fits = (row: TableRow, leastCells: number, leastFilled: number): boolean =>
    row.problem === undefined &&
    row.cells.length >= leastCells &&
    countFilled(row.cells) >= leastFilled &&
    !/^sep=.$/i.test(row.cells.join("")) &&
    // A label before its value: "Report name:", "Campaigns".
    !/:\s*$/.test(row.cells[0] ?? "");
  const most = Math.floor(width / 2) + 1;
  // Some exports leave the names of the last columns out.
  const found =
    among.find((row) => fits(row, width, most)) ??
    among.find((row) => fits(row, Math.min(2, width), most));
  if (found === undefined || areNames(trimmedRight(found.cells))) return found;
  const before = among.slice(0, among.indexOf(found)).toReversed();
  return (
    before.find((row) => fits(row, width, width / 2) && areNames(trimmedRight(row.cells))) ?? found
  );
}

function headerOf(
  name: string,
  rows: readonly TableRow[],
  at: number,
  titles: readonly TableRow[],
): Header {
  const { line = 1, cells = [] } = rows[at] ?? {};
  let width = trimmedRight(cells).length;
  // Empty names at the end are columns only where something stands below them.
  for (const row of rows.slice(at + 1)) {
    const filled = trimmedRight(row.cells.slice(0, cells.length)).length;
    if (row.problem === undefined && filled > width) width = filled;
  }
  const names = uniqueNames(cells.slice(0, width));
  if (names.length > TABLE_BOUNDS.columns) {
    throw new ImportError(
      "file",
      `${name} has ${names.length} columns in line ${line}; expected at most ${TABLE_BOUNDS.columns}`,
    );
  }
  return { line, names, titles, at };
}

function noHeader(name: string, row: TableRow): ImportError {
  const cells = row.cells.slice(0, 6).map((cell) => `"${cell.trim().slice(0, 32)}"`);
  return new ImportError(
    "file",
    `${name}: line ${row.line} was expected to name the columns, and holds ${cells.join(", ")}; name its columns in one line before the rows, or say which line is the header`,
  );
}

/** Trimmed names without empty ones or repetitions: `Cost` and `Cost (2)`, `column 3`. */
function uniqueNames(cells: readonly string[]): string[] {
  const taken = new Set<string>();
  return cells.map((cell, i) => {
    const plain = cell.trim().replaceAll(/\s+/g, " ");
    const name = plain === "" ? `column ${i + 1}` : plain;
    let unique = name;
    for (let n = 2; taken.has(unique); n += 1) unique = `${name} (${n})`;
    taken.add(unique);
    return unique;
  });
}

/** True where nearly all cells could be names of columns: no numbers, amounts or times. */
function areNames(cells: readonly string[]): boolean {
  const filled = cells.map((cell) => cell.trim()).filter((cell) => cell !== "");
  const names = filled.filter(
    (cell) => /\p{L}/u.test(cell) && cell.length <= 200 && !isValue(cell),
  );
  return names.length > 0 && names.length >= filled.length * 0.8;
}

const VALUE =
  /^\d{4}-\d\d-\d\d|^\d{1,2}[./]\d{1,2}[./]\d{2,4}|^https?:\/\/|^[^\s@]+@[^\s@]+\.\w+$|^[-+]?\d[\d.,' ]*(?:\s?[\p{Sc}%]|\s[A-Z]{3})?$|^\p{Sc}\s?\d/u;

function isValue(cell: string): boolean {
  return VALUE.test(cell);
}

/** The number of cells that most rows have; of equal ones the greater. */
function usualWidth(rows: readonly TableRow[]): number {
  const counts = new Map<number, number>();
  for (const { cells } of rows) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  let width = 0;
  let most = 0;
  for (const [cells, count] of counts) {
    if (count > most || (count === most && cells > width)) [width, most] = [cells, count];
  }
  return width;
}

export function isBlank(cells: readonly string[]): boolean {
  if ((cells[0] ?? "").trim() !== "") return false;
  return cells.every((cell) => cell.trim() === "");
}

function countFilled(cells: readonly string[]): number {
  return cells.filter((cell) => cell.trim() !== "").length;
}

function trimmedRight(cells: readonly string[]): readonly string[] {
  let end = cells.length;
  while (end > 0 && (cells[end - 1] ?? "").trim() === "") end -= 1;
  return cells.slice(0, end);
}
