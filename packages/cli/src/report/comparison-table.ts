import type { ReportRow } from "@tributary/reports/answers";
import { formatUnits, minorDigits, roundColumn, unitsOf, unitsOfNumber } from "./rounding.ts";
import { dimensionText, groupOrder, plainTable, type ShownReport } from "./table.ts";

const CONVERSION_DIGITS = 2;
const HEAD = ["as it is", "what if", "change"];

/** Takes a figure from both reports' part of a row. */
type Measure = (row: ReportRow) => readonly [before: bigint, now: bigint];

/**
 * A report beside the one without the changed rules: for each model a table of the value in each currency and one of the
 * conversions, with the change of every group. Columns sum to their last row, and a change is the difference of the figures shown.
 */
export function renderComparison(
  report: ShownReport,
  models: readonly string[],
  by: readonly string[],
): string {
  if (report.rows.length === 0) return "No conversions.";
  return models
    .flatMap((model) => {
      const rows = report.rows.filter((row) => row.model === model);
      const values = report.totals.value.map(({ currency }) => {
        const title = `${model}: value, ${currency === "" ? "without a currency" : currency}`;
        const own = rows.filter((row) => row.currency === currency);
        return section(title, own, by, minorDigits(currency), valuesOf);
      });
      return [...values, section(`${model}: conversions`, rows, by, CONVERSION_DIGITS, countsOf)];
    })
    .join("\n\n");
}

const valuesOf: Measure = (row) => [unitsOf(row.valueBefore ?? "0"), unitsOf(row.value)];
const countsOf: Measure = (row) => [
  unitsOfNumber(row.conversionsBefore ?? 0),
  unitsOfNumber(row.conversions),
];

function section(
  title: string,
  rows: readonly ReportRow[],
  by: readonly string[],
  digits: number,
  measure: Measure,
): string {
  const groups = new Map<string, { names: readonly string[]; before: bigint; now: bigint }>();
  for (const row of rows) {
    const names = by.map((name) => dimensionText(row[name]));
    const key = JSON.stringify(names);
    const known = groups.get(key) ?? { names, before: 0n, now: 0n };
    const [before, now] = measure(row);
    groups.set(key, { names, before: known.before + before, now: known.now + now });
  }
  const order = groupOrder(by);
  const all = [...groups.values()].sort((a, b) => order(a.names, b.names));
  const before = roundColumn(
    all.map((group) => group.before),
    digits,
  );
  const now = roundColumn(
    all.map((group) => group.now),
    digits,
  );
  const figures = (old: bigint, changed: bigint): string[] => {
    const change = changed - old;
    const sign = change > 0n ? "+" : "";
    return [
      formatUnits(old, digits),
      formatUnits(changed, digits),
      `${sign}${formatUnits(change, digits)}`,
    ];
  };
  const body = all.map(({ names }, i) => [
    ...names,
    ...figures(before.cells[i] ?? 0n, now.cells[i] ?? 0n),
  ]);
  const total = ["total", ...by.slice(1).map(() => ""), ...figures(before.total, now.total)];
  return `${title}\n${plainTable([...by, ...HEAD], by.length, [...body, total])}`;
}
