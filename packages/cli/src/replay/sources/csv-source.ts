import { CsvError, parse } from "csv-parse";
import { CliError } from "../../errors.ts";
import { ANY_TIME, type TimeReader } from "./event-time.ts";
import {
  createRowMapper,
  defaultFieldMap,
  isRejected,
  type FieldMap,
  type MappedField,
} from "./field-map.ts";
import { lineId, openContent } from "./file-content.ts";
import type { Rejected, SourceChunk, SourceEvent } from "./source-item.ts";

/** Longest row, characters; without the bound an open quote would swallow the whole file. */
const MAX_ROW_CHARACTERS = 1024 * 1024;
const ROWS_PER_CHUNK = 2000;

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number; readonly bytes: number };
}

/**
 * CSV with a header row (RFC 4180). A row that cannot be read, or has more or fewer cells than the header, is
 * rejected with its line; the rest is taken.
 * @param prefix of made-up IDs, see {@link lineId}
 * @throws CliError `file` for a file without a header, `usage` for a map that names a column it has not
 */
export async function* readCsv(
  path: string,
  map: FieldMap | undefined,
  prefix: string,
  times: TimeReader = ANY_TIME,
): AsyncGenerator<SourceChunk> {
  let toEvent: RowReader | undefined;
  let chunk = newChunk();
  let bytesRead = 0;
  const rows = csvRows(path, (line, reason) =>
    chunk.rejected.push({ line, field: "event", reason }),
  );
  for await (const { record, info } of rows) {
    bytesRead = info.bytes;
    if (toEvent === undefined) {
      toEvent = rowReader(path, record, map, prefix, times);
      continue;
    }
    toEvent(record, info.lines, chunk);
    if (chunk.events.length + chunk.rejected.length < ROWS_PER_CHUNK) continue;
    const full = chunk;
    chunk = newChunk();
    yield { ...full, bytesRead };
  }
  if (toEvent === undefined) throw new CliError("file", `${path} is empty: expected a header row`);
  yield { ...chunk, bytesRead };
}

interface OpenChunk {
  readonly events: SourceEvent[];
  readonly rejected: Rejected[];
}

type RowReader = (record: readonly string[], line: number, into: OpenChunk) => void;

function newChunk(): OpenChunk {
  return { events: [], rejected: [] };
}

function rowReader(
  path: string,
  header: readonly string[],
  map: FieldMap | undefined,
  prefix: string,
  times: TimeReader,
): RowReader {
  const columns = header.map((name) => name.trim());
  const fields = map ?? defaultFieldMap(columns);
  checkMap(path, columns, fields);
  const places = new Map(columns.map((name, place) => [name, place]));
  const mapper = createRowMapper<readonly string[]>(
    fields,
    (row, name) => row[places.get(name) ?? -1],
    times,
  );
  return (record, line, into) => {
    if (record.length !== columns.length) {
      const reason = `expected ${columns.length} cells as in the header, got ${record.length}`;
      into.rejected.push({ line, field: "event", reason });
      return;
    }
    const mapped = mapper(record, () => lineId(prefix, line));
    if (isRejected(mapped)) into.rejected.push({ line, ...mapped });
    else into.events.push({ line, event: mapped });
  };
}

/** Records with their line and the bytes read so far; each is its own array. */
async function* csvRows(
  path: string,
  skipped: (line: number, reason: string) => void,
): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    // A stray quote is part of its cell: if the row were refused, the parser would lose the rows after it.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_CHARACTERS,
    on_skip: (error) => {
      if (error !== undefined) skipped(error["lines"] as number, error.message);
      return undefined;
    },
  });
  const file = openContent(path);
  file.on("error", (error) => parser.destroy(error));
  file.pipe(parser);
  try {
    for await (const row of parser) yield row as Row;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new CliError("file", `${path} is not CSV: ${error.message}`);
  } finally {
    file.destroy();
  }
}

/** Checks the columns that every row needs: without one, all rows would be refused for the same reason. */
function checkMap(path: string, columns: readonly string[], map: FieldMap): void {
  const list = columns.join(", ");
  for (const [field, source] of map) {
    if ("column" in source && !columns.includes(source.column)) {
      throw new CliError(
        "usage",
        `--map ${field}=${source.column}: ${path} has no such column; it has ${list}`,
      );
    }
  }
  const has = (field: MappedField): boolean => map.has(field);
  const missing: string[] = (["type", "time"] as const).filter((field) => !has(field));
  if (!has("userId") && !has("anonymousId")) missing.push("user or anonymous");
  if (missing.length === 0) return;
  throw new CliError(
    "usage",
    `${path} has no column for ${missing.join(", ")}; it has ${list}. Name them with --map, such as --map user=customer_id,time=ts,type=@click`,
  );
}
