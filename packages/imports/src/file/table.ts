/** What a file is as a table, whatever its format. */

/** Bounds of a file; each is named in the error of a file that exceeds it. */
export const TABLE_BOUNDS = Object.freeze({
  /** Longest row, characters; without the bound an open quote would swallow the whole file. */
  rowCharacters: 1024 * 1024,
  columns: 1000,
  /** Title rows before the header are among the first lines of this number. */
  headerLines: 50,
  /** Total rows and footers are among the last rows of this number. */
  totalRows: 10,
  /** A spreadsheet is unpacked as a whole: its size on disk, bytes. */
  spreadsheetBytes: 64 * 1024 * 1024,
  /** Rows that are named in `skipped`. */
  skippedRows: 1000,
});

export const DELIMITERS = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export const CHARSETS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Charset = (typeof CHARSETS)[number];

export type Compression = "none" | "gzip" | "zstd" | "zip";

export type TableKind = "csv" | "json-lines" | "json-array" | "xlsx";

/** How a file is written. */
export interface TableFormat {
  readonly kind: TableKind;
  /** Undefined where the kind has none. */
  readonly delimiter: Delimiter | undefined;
  readonly charset: Charset;
  readonly compression: Compression;
  /** Line of the header; 0 where the kind has none. */
  readonly headerLine: number;
  /** Rows before the header that are titles. */
  readonly skippedTitleRows: number;
  /** The sheet of a spreadsheet. */
  readonly sheet: string | undefined;
}

/** A row of a table. */
export interface TableRow {
  /** Line of a text (the first of the row's), place in a JSON array, or row of a sheet, from 1. */
  readonly line: number;
  /** A cell a column, unless there is a problem. */
  readonly cells: readonly string[];
  /** Why the row cannot be read: its cells are then what could be made of it. */
  readonly problem: string | undefined;
}

/** A row that is no data: a title, a total or a footer. Blank rows are not listed. */
export interface SkippedRow {
  readonly line: number;
  readonly reason: string;
}

/** An opened file. */
export interface Table {
  /** Names of the columns: trimmed, never empty, each once. */
  readonly columns: readonly string[];
  readonly format: TableFormat;
  /** How the file was read, for people: a sentence each, empty for the most usual way. */
  readonly said: readonly string[];
  /** The rows, some thousands at a time; each call reads the file again, from its start. */
  readonly rows: () => AsyncGenerator<readonly TableRow[]>;
  /** Complete once the rows were read to their end; at most {@link TABLE_BOUNDS}`.skippedRows` of them. */
  readonly skipped: readonly SkippedRow[];
  /** How far the last reading is, bytes of the file after unpacking. */
  readonly bytesRead: () => number;
}

/** How to open a file; what is not given is found out. */
export interface TableOptions {
  readonly charset?: Charset | undefined;
  readonly delimiter?: Delimiter | undefined;
  /** Line of the header, from 1. */
  readonly headerLine?: number | undefined;
  /** Name of the sheet of a spreadsheet; by default the first. */
  readonly sheet?: string | undefined;
  /** What the file is called in messages, where it has no path. */
  readonly name?: string | undefined;
}
