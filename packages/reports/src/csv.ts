import { stringify } from "csv-stringify/sync";
import type { Attribution } from "./attribution.ts";
import type { AttributionQuestion } from "./question.ts";

/**
 * A report's rows as CSV (RFC 4180) with a header: model, the dimensions asked for, conversions, value, currency, and the
 * ends of the intervals where they were asked for. Names come from strangers, so text that a spreadsheet would compute is
 * escaped.
 */
export function reportCsv(
  { rows }: Attribution,
  { by, paths }: Pick<AttributionQuestion, "by" | "paths">,
): string {
  const ends = paths.confidence === undefined ? [] : INTERVALS;
  const columns = ["model", ...by, "conversions", "value", "currency", ...ends];
  const flat = rows.map((row) => {
    if (!("conversionsInterval" in row || "valueInterval" in row)) return row;
    const [conversionsLow, conversionsHigh] = row.conversionsInterval ?? [];
    const [valueLow, valueHigh] = row.valueInterval ?? [];
    return { ...row, conversionsLow, conversionsHigh, valueLow, valueHigh };
  });
  return stringify(flat, { header: true, columns, escape_formulas: true });
}

const INTERVALS = ["conversionsLow", "conversionsHigh", "valueLow", "valueHigh"];
