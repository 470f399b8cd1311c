import { ImportError } from "../errors.ts";
import { decodeText, detectCharset } from "./charset.ts";
import { openContent, type Content, type TableSource } from "./content.ts";
import { openCsv, type Sample } from "./csv-table.ts";
import { openJson } from "./json-table.ts";
import type {
  Charset,
  Delimiter,
  Table,
  TableFormat,
  TableKind,
  TableOptions,
  TableRow,
} from "./table.ts";

/** Characters by which the shape of a text is recognized. */
const SAMPLE_CHARACTERS = 256 * 1024;

/**
 * Opens a file as a table: CSV with any of four delimiters in UTF-8, UTF-16 or Windows-1252, JSON lines, a JSON array,
 * or a sheet of an Excel workbook; the texts also packed with gzip, zstd or zip. What `options` do not give is found out
 * and stands in `format` and `said`. Title rows before the header, total rows and footers are skipped and named.
 * Memory: one chunk of the file, and its longest row; a workbook as a whole.
 * @throws ImportError `file` naming the file, the line and what was expected
 */
export async function openTable(source: TableSource, options: TableOptions = {}): Promise<Table> {
  const content = await openContent(source, options.name);
  if (content.size === 0)
    throw new ImportError("file", `${content.name} is empty: expected a header row`);
  const table = content.isSpreadsheet
    ? await openWorkbook(content, options)
    : await openText(content, options);
  return { ...table, said: [...table.said, ...sayings(table, options)] };
}

async function openWorkbook(content: Content, options: TableOptions): Promise<Table> {
  // The reader of workbooks is large, and rarely needed.
  const { openSpreadsheet } = await import("./spreadsheet.ts");
  return openSpreadsheet(content, options);
}

async function openText(content: Content, options: TableOptions): Promise<Table> {
  const { charset, damaged } =
    options.charset === undefined
      ? await detectCharset(content)
      : { charset: options.charset, damaged: 0 };
  const sample = await readSample(content, charset);
  const kind = options.delimiter === undefined ? kindOf(sample.text) : "csv";
  const table =
    kind === "csv"
      ? openCsv(content, charset, sample, options)
      : await openJson(content, charset, kind);
  return damaged === 0 ? table : withoutDamage(table, damaged);
}

/** Names the rows that hold bytes of another charset. */
function withoutDamage(table: Table, damaged: number): Table {
  async function* rows(): AsyncGenerator<readonly TableRow[]> {
    for await (const batch of table.rows()) yield batch.map(withDamage);
  }
  const places = damaged === 1 ? "1 place is" : `${damaged} places are`;
  return {
    ...table,
    rows,
    said: [`The text is UTF-8, but ${places} not: their rows are refused.`],
  };
}

function withDamage(row: TableRow): TableRow {
  const isDamaged = row.problem === undefined && row.cells.some((cell) => cell.includes("\ufffd"));
  if (!isDamaged) return row;
  const problem = "holds bytes that are no UTF-8, as the rest of the file is";
  return { line: row.line, cells: row.cells, problem };
}

async function readSample(content: Content, charset: Charset): Promise<Sample> {
  let sample = "";
  for await (const { text } of decodeText(content.chunks(), charset)) {
    sample += text;
    if (sample.length >= SAMPLE_CHARACTERS) return { text: sample, isWhole: false };
  }
  return { text: sample, isWhole: true };
}

function kindOf(sample: string): Exclude<TableKind, "xlsx"> {
  if (/^\s*\{\s*["}]/.test(sample)) return "json-lines";
  return /^\s*\[\s*[\]{]/.test(sample) ? "json-array" : "csv";
}

const DELIMITER_NAMES: Readonly<Record<Delimiter, string>> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
};

const CHARSET_SAYINGS: Readonly<Record<Charset, string>> = {
  "utf-8": "",
  "utf-16le": "The text is UTF-16.",
  "utf-16be": "The text is UTF-16 (big-endian).",
  "windows-1252": "The text is read as Windows-1252 (Latin-1), because it is no valid UTF-8.",
};

function sayings({ format, columns, skipped }: Table, given: TableOptions): string[] {
  const said: string[] = [];
  if (format.compression !== "none") said.push(`The file is packed with ${format.compression}.`);
  if (given.charset === undefined) said.push(CHARSET_SAYINGS[format.charset]);
  if (given.delimiter === undefined) said.push(delimiterSaying(format, columns));
  if (format.sheet !== undefined && given.sheet === undefined)
    said.push(`The sheet is "${format.sheet}".`);
  if (format.skippedTitleRows > 0) {
    const lines = skipped.slice(0, format.skippedTitleRows).map(({ line }) => line);
    said.push(
      `The columns are named in line ${format.headerLine}; skipped before it: line ${lines.join(", ")}.`,
    );
  }
  const repeated = columns.filter(
    (name) => / \(\d+\)$/.test(name) && columns.includes(name.replace(/ \(\d+\)$/, "")),
  );
  if (repeated.length > 0) said.push(`Columns of one name were numbered: ${repeated.join(", ")}.`);
  return said.filter((sentence) => sentence !== "");
}

function delimiterSaying({ delimiter }: TableFormat, columns: readonly string[]): string {
  if (delimiter === undefined || delimiter === ",") return "";
  return columns.length < 2 ? "" : `The columns are separated by ${DELIMITER_NAMES[delimiter]}.`;
}
