import type { ExportColumn, ExportRow } from "@tributary/warehouse";
import { stringify } from "csv-stringify/sync";

/**
 * Rows as NDJSON: an object a line with what is there, properties as the JSON that they are. What is exported of events is in
 * the form of the event API.
 */
export function rowsNdjson(columns: readonly ExportColumn[], rows: readonly ExportRow[]): string {
  const names = columns.filter(({ type }) => type !== "json").map(({ name }) => name);
  const json = columns.filter(({ type }) => type === "json").map(({ name }) => name);
  return rows
    .map((row) => {
      const object: Record<string, unknown> = {};
      for (const name of names) {
        const value = row[name];
        if (value !== "" && value !== null) object[name] = value;
      }
      for (const name of json) {
        const text = row[name];
        if (typeof text === "string" && text !== "") object[name] = JSON.parse(text);
      }
      return `${JSON.stringify(object)}\n`;
    })
    .join("");
}

/**
 * Rows as CSV (RFC 4180), exactly as they are: unlike in reports a text that a spreadsheet would compute is not escaped, for what
 * reads an export would take the escape for a part of it.
 */
export function rowsExactCsv(
  columns: readonly ExportColumn[],
  rows: readonly ExportRow[],
  header: boolean,
): string {
  return stringify([...rows], { header, columns: columns.map(({ name }) => name) });
}
