import { bars, stackedArea } from "@tributary/plots";
import type { ReportRow } from "@tributary/reports/answers";
import { formatUnits, minorDigits, roundColumn, unitsOf, unitsOfNumber } from "../rounding.ts";
import {
  CALENDAR,
  CONVERSION_DIGITS,
  dimensionText,
  groupOrder,
  type ShownReport,
} from "../table.ts";

/** Groups that are drawn; the rest is one group of its own. */
const MAX_GROUPS = 24;
const MAX_SERIES = 7;
const REST = "rest";

/** What is measured: money where the report has one currency, else conversions. */
interface Measure {
  readonly title: string;
  readonly digits: number;
  units(rows: readonly ReportRow[]): bigint;
}

/**
 * A report as a plot: areas over time where it is by day, week or month, else bars, a series for each model.
 * @returns SVG
 */
export function reportSvg(
  report: ShownReport,
  models: readonly string[],
  by: readonly string[],
): string {
  const measure = measureOf(report);
  const time = by.findIndex((name) => CALENDAR.includes(name));
  return time < 0
    ? reportBars(report, models, by, measure)
    : reportAreas(report, models[0] ?? "", by, time, measure);
}

function measureOf({ totals }: ShownReport): Measure {
  const [money, ...others] = totals.value;
  if (money === undefined || others.length > 0 || money.currency === "") {
    return {
      title: "Conversions",
      digits: CONVERSION_DIGITS,
      units: (rows) => sum(rows.map(({ conversions }) => unitsOfNumber(conversions))),
    };
  }
  return {
    title: `Value, ${money.currency}`,
    digits: minorDigits(money.currency),
    units: (rows) => sum(rows.map(({ value }) => unitsOf(value))),
  };
}

function reportBars(
  { rows }: ShownReport,
  models: readonly string[],
  by: readonly string[],
  measure: Measure,
): string {
  const nameOf = (row: ReportRow): string => by.map((name) => dimensionText(row[name])).join(" / ");
  const all = [...Map.groupBy(rows, nameOf).keys()];
  const shown = all.length <= MAX_GROUPS ? all : all.slice(0, MAX_GROUPS - 1);
  const labels = all.length <= MAX_GROUPS ? shown : [...shown, REST];
  const columns = models.map((model) => {
    const own = rows.filter((row) => row.model === model);
    const units = labels.map((label) =>
      measure.units(
        own.filter((row) =>
          label === REST ? !shown.includes(nameOf(row)) : nameOf(row) === label,
        ),
      ),
    );
    return roundColumn(units, measure.digits).cells;
  });
  const title = `${measure.title} by ${by.join(" and ")}`;
  return bars({
    title: models.length === 1 ? `${title}, ${models[0]}` : title,
    summary: `${labels.length} groups under ${models.join(", ")}; ${leader(labels, columns[0] ?? [], measure)}`,
    series: models,
    rows: labels.map((label, i) => ({
      label,
      amounts: columns.map((cells) => {
        const units = cells[i] ?? 0n;
        return { value: Number(units), text: formatUnits(units, measure.digits) };
      }),
    })),
  });
}

function reportAreas(
  { rows }: ShownReport,
  model: string,
  by: readonly string[],
  time: number,
  measure: Measure,
): string {
  const own = rows.filter((row) => row.model === model);
  const momentOf = (row: ReportRow): string => dimensionText(row[by[time] ?? ""]);
  const other = by.filter((_, i) => i !== time);
  const nameOf = (row: ReportRow): string =>
    other.length === 0 ? measure.title : other.map((name) => dimensionText(row[name])).join(" / ");
  const order = groupOrder(by);
  const moments = [...Map.groupBy(own, momentOf).keys()].sort(
    (a, b) => order([a], [b]) || (a < b ? -1 : 1),
  );
  const names = [...Map.groupBy(own, nameOf)]
    .map(([name, of]) => ({ name, units: measure.units(of) }))
    .sort((a, b) => (a.units < b.units ? 1 : -1))
    .map(({ name }) => name);
  const shown = names.length <= MAX_SERIES ? names : names.slice(0, MAX_SERIES - 1);
  const labels = names.length <= MAX_SERIES ? shown : [...shown, REST];
  const isIn = (row: ReportRow, label: string): boolean =>
    label === REST ? !shown.includes(nameOf(row)) : nameOf(row) === label;
  return stackedArea({
    title: `${measure.title} by ${by.join(" and ")}, ${model}`,
    summary: `${moments.length} ${by[time] ?? ""}s from ${moments[0] ?? ""} to ${moments.at(-1) ?? ""}`,
    moments,
    series: labels.map((name) => ({
      name,
      values: moments.map(
        (moment) =>
          Number(measure.units(own.filter((row) => momentOf(row) === moment && isIn(row, name)))) /
          1e12,
      ),
    })),
  });
}

function leader(labels: readonly string[], cells: readonly bigint[], { digits }: Measure): string {
  let best = 0;
  for (const [i, units] of cells.entries()) if (units > (cells[best] ?? 0n)) best = i;
  const units = cells[best];
  return units === undefined
    ? "nothing to show"
    : `${labels[best]} leads with ${formatUnits(units, digits)}`;
}

function sum(units: readonly bigint[]): bigint {
  return units.reduce((total, one) => total + one, 0n);
}
