import type { ExportColumn, ExportRow } from "@tributary/warehouse";
import { stringify } from "csv-stringify/sync";

/**
 * Rows as NDJSON: one object a line without empty fields, properties as JSON. Events have the form of the event API.
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
 * Rows as CSV (RFC 4180), exact. Unlike in reports, text that a spreadsheet would compute is not escaped: a program that reads
 * the export would take the escape for data.
 */
export function rowsExactCsv(
  columns: readonly ExportColumn[],
  rows: readonly ExportRow[],
  header: boolean,
): string {
  return stringify([...rows], { header, columns: columns.map(({ name }) => name) });
}
