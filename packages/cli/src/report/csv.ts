import { stringify } from "csv-stringify/sync";
import type { ReportRow } from "../client/report-types.ts";

/** A report as CSV with a header row: model, dimensions, conversions, value (exact), currency. */
export function reportCsv(rows: readonly ReportRow[], by: readonly string[]): string {
  const records = rows.map((row) => [
    row.model,
    ...by.map((name) => cellOf(row[name])),
    String(row.conversions),
    row.value,
    row.currency,
  ]);
  return stringify([["model", ...by, "conversions", "value", "currency"], ...records]).trimEnd();
}

function cellOf(dimension: unknown): string {
  return typeof dimension === "string" ? neutral(dimension) : "";
}

/**
 * Text that a spreadsheet takes as text: a name that begins like a formula gets an apostrophe before it, for names
 * come from whoever sends events (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function neutral(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
