import { ImportError } from "../errors.ts";
import { decodeText } from "./charset.ts";
import type { Content } from "./content.ts";
import { flatten, JsonItems, JsonLines, parseExactJson, type JsonText } from "./json-rows.ts";
import { TABLE_BOUNDS, type Charset, type Table, type TableRow } from "./table.ts";

/**
 * Opens JSON lines, or an array of objects. Nested fields are columns with dotted names, lists of keys and values (as
 * GA4's `event_params`) a column a key. The file is read once in advance: a field may first occur in its last row.
 * @throws ImportError `file` for more columns than the bound, or no object at all
 */
export async function openJson(
  content: Content,
  charset: Charset,
  kind: "json-lines" | "json-array",
): Promise<Table> {
  const places = new Map<string, number>();
  for await (const texts of jsonTexts(content, charset, kind, () => undefined)) {
    for (const text of texts) {
      const cells = objectOf(text);
      if (typeof cells === "string") continue;
      for (const name of cells.keys()) if (!places.has(name)) places.set(name, places.size);
    }
    if (places.size > TABLE_BOUNDS.columns) {
      throw new ImportError(
        "file",
        `${content.name} has more than ${TABLE_BOUNDS.columns} fields; expected at most as many columns`,
      );
    }
  }
  if (places.size === 0) throw new ImportError("file", `${content.name} holds no JSON object`);
  let bytesRead = 0;
  return {
    columns: [...places.keys()],
    format: {
      kind,
      delimiter: undefined,
      charset,
      compression: content.compression,
      headerLine: 0,
      skippedTitleRows: 0,
      sheet: undefined,
    },
    said: [],
    skipped: [],
    bytesRead: () => bytesRead,
    rows: () => {
      bytesRead = 0;
      return jsonRows(content, charset, kind, places, (bytes) => {
        bytesRead += bytes;
      });
    },
  };
}

async function* jsonRows(
  content: Content,
  charset: Charset,
  kind: "json-lines" | "json-array",
  places: ReadonlyMap<string, number>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<readonly TableRow[]> {
  for await (const texts of jsonTexts(content, charset, kind, onBytes)) {
    const rows: TableRow[] = [];
    for (const text of texts) {
      if (text.problem === undefined && text.text.trim() === "") continue;
      const object = objectOf(text);
      if (typeof object === "string") {
        rows.push({ line: text.line, cells: [text.text.slice(0, 1000)], problem: object });
        continue;
      }
      const cells = Array.from<string>({ length: places.size }).fill("");
      for (const [name, cell] of object) cells[places.get(name) ?? 0] = cell;
      rows.push({ line: text.line, cells, problem: undefined });
    }
    if (rows.length > 0) yield rows;
  }
}

async function* jsonTexts(
  content: Content,
  charset: Charset,
  kind: "json-lines" | "json-array",
  onBytes: (bytes: number) => void,
): AsyncGenerator<JsonText[]> {
  const reader = kind === "json-lines" ? new JsonLines() : new JsonItems();
  for await (const { text, bytes } of decodeText(content.chunks(), charset)) {
    onBytes(bytes);
    yield reader.push(text);
  }
  yield reader.end();
}

/** The cells of a row's object, or why it is none. */
function objectOf({ text, problem }: JsonText): Map<string, string> | string {
  if (problem !== undefined) return problem;
  if (text.trim() === "") return "expected an object, got nothing";
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `is no JSON: ${error.message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "expected an object";
  return flatten(value as Readonly<Record<string, unknown>>);
}
