import { stringify } from "csv-stringify/sync";
import type { Attribution } from "./attribution.ts";
import type { AttributionQuestion } from "./question.ts";

/**
 * A report's rows as CSV (RFC 4180) with a header: model, the dimensions asked for, conversions, value, currency, and
 * where they were asked for the changes and the ends of the intervals. Names come from strangers, so text that a spreadsheet would compute is
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

const INTERVALS = ["conversionsLow", "conversionsHigh", "valueLow", "valueHigh"];
const CHANGES = ["conversionsBefore", "valueBefore", "conversionsChange", "valueChange"];
