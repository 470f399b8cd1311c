import { stringify } from "csv-stringify/sync";
import type { Attribution } from "../attribution/attribution.ts";
import type { AttributionQuestion } from "../question/question.ts";

/**
 * A report's rows as CSV (RFC 4180) with a header: model, the dimensions asked for, conversions, value, currency; then changes
 * and the ends of intervals where they were asked for. Names come from strangers: text that a spreadsheet would compute is
 * escaped.
 */
export function reportCsv(
  { rows }: Attribution,
  { by, paths, against }: Pick<AttributionQuestion, "by" | "paths" | "against">,
): string {
  const ends = paths.confidence === undefined ? [] : INTERVALS;
  const changes = against ? CHANGES : [];
  // The currency has its column anyway.
  const dims = by.filter((dimension) => dimension !== "currency");
  const columns = ["model", ...dims, "conversions", "value", "currency", ...changes, ...ends];
  const flat = rows.map((row) => {
    if (!("conversionsInterval" in row || "valueInterval" in row)) return row;
    const [conversionsLow, conversionsHigh] = row.conversionsInterval ?? [];
    const [valueLow, valueHigh] = row.valueInterval ?? [];
    return { ...row, conversionsLow, conversionsHigh, valueLow, valueHigh };
  });
  return stringify(flat, { header: true, columns, escape_formulas: true });
}

/** The rows of any other report, a column for each field; amounts of several currencies share a cell. */
export function rowsCsv(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const flat = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)])),
  );
  return stringify(flat, { header: true, escape_formulas: true });
}

function cellOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const amounts = value as readonly { readonly currency: string; readonly value: string }[];
  return amounts.map((of) => `${of.value} ${of.currency}`.trim()).join("; ");
}

const INTERVALS = ["conversionsLow", "conversionsHigh", "valueLow", "valueHigh"];
const CHANGES = ["conversionsBefore", "valueBefore", "conversionsChange", "valueChange"];
