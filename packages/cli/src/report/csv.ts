import { stringify } from "csv-stringify/sync";
import type { ReportRow } from "@tributary/reports/answers";

/**
 * A report as CSV with a header row: model, dimensions, conversions, value (exact), currency, and the changes and the ends of
 * the intervals where there are any.
 */
export function reportCsv(rows: readonly ReportRow[], by: readonly string[]): string {
  const hasIntervals = rows.some((row) => row.conversionsInterval !== undefined);
  const endsOf = (row: ReportRow): string[] => {
    const [conversionsLow, conversionsHigh] = row.conversionsInterval ?? [];
    const [valueLow, valueHigh] = row.valueInterval ?? [];
    const ends = [conversionsLow, conversionsHigh, valueLow, valueHigh];
    return ends.map((end) => (end === undefined ? "" : String(end)));
  };
  const isCompared = rows.some((row) => row.valueChange !== undefined);
  // The currency has its column anyway.
  const dims = by.filter((name) => name !== "currency");
  const records = rows.map((row) => [
    row.model,
    ...dims.map((name) => cellOf(row[name])),
    String(row.conversions),
    row.value,
    row.currency,
    ...(isCompared ? CHANGES.map((name) => String(row[name] ?? "")) : []),
    ...(hasIntervals ? endsOf(row) : []),
  ]);
  const changes = isCompared ? CHANGES : [];
  const head = ["model", ...dims, "conversions", "value", "currency", ...changes];
  return stringify([hasIntervals ? [...head, ...INTERVALS] : head, ...records]).trimEnd();
}

const CHANGES = ["conversionsBefore", "valueBefore", "conversionsChange", "valueChange"] as const;
const INTERVALS = ["conversionsLow", "conversionsHigh", "valueLow", "valueHigh"];

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
