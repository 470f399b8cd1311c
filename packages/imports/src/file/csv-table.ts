import { decodeText } from "./charset.ts";
import type { Content } from "./content.ts";
import { CsvRows } from "./csv-rows.ts";
import { SkippedRows, withoutEdges } from "./edges.ts";
import {
  declaredDelimiter,
  detectDelimiter,
  findHeader,
  isBlank,
  newlineOf,
  sampleRows,
  type Header,
} from "./shape.ts";
import type { Charset, Delimiter, Table, TableOptions, TableRow } from "./table.ts";
import { summaryRow } from "./total-rows.ts";

/** The start of a text. */
export interface Sample {
  readonly text: string;
  /** True where it is all of the text. */
  readonly isWhole: boolean;
}

/**
 * Opens delimited text.
 * @throws ImportError `file` for a text without a header
 */
export function openCsv(
  content: Content,
  charset: Charset,
  sample: Sample,
  options: TableOptions,
): Table {
  const { text, isWhole } = sample;
  const delimiter = options.delimiter ?? declaredDelimiter(text) ?? detectDelimiter(text, isWhole);
  const first = sampleRows(text, delimiter, isWhole);
  // A sample of one long row without its end is still a row.
  const rows = first.length === 0 ? sampleRows(text, delimiter, true) : first;
  const header = findHeader(content.name, rows, options.headerLine);
  const columns = header.names.length;
  const whole = isWhole ? fitRows(rows.slice(header.at + 1), columns) : [];
  const summaryLine = summaryRow(whole)?.line;
  const skipped = new SkippedRows();
  skipped.reset(header.titles);
  let bytesRead = 0;
  return {
    columns: header.names,
    format: {
      kind: "csv",
      delimiter,
      charset,
      compression: content.compression,
      headerLine: header.line,
      skippedTitleRows: header.titles.length,
      sheet: undefined,
    },
    said: [],
    skipped: skipped.rows,
    bytesRead: () => bytesRead,
    rows: () => {
      bytesRead = 0;
      skipped.reset(header.titles);
      const batches = dataRows(
        content,
        charset,
        { delimiter, newline: newlineOf(text), header },
        (bytes) => {
          bytesRead += bytes;
        },
      );
      return withoutEdges(batches, columns, summaryLine, skipped);
    },
  };
}

interface Form {
  readonly delimiter: Delimiter;
  readonly newline: "\n" | "\r";
  readonly header: Header;
}

async function* dataRows(
  content: Content,
  charset: Charset,
  { delimiter, newline, header }: Form,
  onBytes: (bytes: number) => void,
): AsyncGenerator<TableRow[]> {
  const reader = new CsvRows(delimiter, newline);
  const columns = header.names.length;
  let isBefore = true;
  const afterHeader = (rows: TableRow[]): TableRow[] => {
    const data = isBefore ? rows.filter(({ line }) => line > header.line) : rows;
    if (data.length > 0) isBefore = false;
    return fitRows(data, columns);
  };
  for await (const { text, bytes } of decodeText(content.chunks(), charset)) {
    onBytes(bytes);
    const rows = afterHeader(reader.push(text));
    if (rows.length > 0) yield rows;
  }
  const last = afterHeader(reader.end());
  if (last.length > 0) yield last;
}

/** Rows of the header's number of cells: blank rows are left out, and empty cells beyond the header; others are a problem. */
export function fitRows(rows: readonly TableRow[], columns: number): TableRow[] {
  const fitting: TableRow[] = [];
  for (const row of rows) {
    if (isBlank(row.cells)) continue;
    if (row.cells.length === columns || row.problem !== undefined) fitting.push(row);
    else fitting.push(fit(row, columns));
  }
  return fitting;
}

function fit({ line, cells }: TableRow, columns: number): TableRow {
  if (cells.length > columns && isBlank(cells.slice(columns))) {
    return { line, cells: cells.slice(0, columns), problem: undefined };
  }
  const problem = `expected ${columns} cells as in the header, got ${cells.length}`;
  return { line, cells, problem };
}
