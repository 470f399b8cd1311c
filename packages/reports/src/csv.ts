import type { AttributionQuestion, AttributionReport } from "@tributary/warehouse";
import { stringify } from "csv-stringify/sync";

/**
 * A report's rows as CSV (RFC 4180) with a header: model, the dimensions asked for, conversions, value, currency.
 * Names come from strangers, so text that a spreadsheet would compute is escaped.
 */
export function reportCsv(report: AttributionReport, by: AttributionQuestion["by"]): string {
  const columns = ["model", ...by, "conversions", "value", "currency"];
  return stringify([...report.rows], { header: true, columns, escape_formulas: true });
}
