import Table from "cli-table3";
import type { AttributionReport, ReportRow } from "@tributary/reports/answers";
import { safeTextWithin } from "../terminal/terminal.ts";
import { counted, figure } from "../terminal/figures.ts";
import { withBars } from "./table-bars.ts";
import { formatUnits, minorDigits, roundColumn, unitsOf, unitsOfNumber } from "./rounding.ts";

/** What stands for a channel, or another dimension, of conversions without a touchpoint. */
const UNATTRIBUTED = ["unattributed", "(unattributed)"];
export const CALENDAR: readonly string[] = ["hour", "day", "week", "month"];
export const CONVERSION_DIGITS = 2;
/** A campaign's name may be 256 bytes; a table has less room. */
const MAX_CELL_CHARACTERS = 40;

/** The part of a report that its tables show. */
export type ShownReport = Pick<
  AttributionReport,
  "asOf" | "rows" | "totals" | "comparisons" | "removalEffects"
>;

/** Groups of a report in the order of {@link groupOrder}, then of their first row. */
interface Grid {
  readonly groups: readonly (readonly string[])[];
  /** Rows by group and model. */
  readonly find: (group: readonly string[], model: string) => readonly ReportRow[];
}

/**
 * A report as tables: value by currency, then conversions, with a column for each model. Every column sums to its last
 * row, in the digits shown. The headings name the time of the state, where that is not now.
 * @param columns of the screen, for bars where there is one model; 0 for none
 */
export function renderReport(
  report: ShownReport,
  models: readonly string[],
  by: readonly string[],
  columns = 0,
): string {
  const grid = gridOf(report.rows, by);
  const asOf = report.asOf === undefined ? "" : ` as of ${new Date(report.asOf).toISOString()}`;
  if (grid.groups.length === 0) return `No conversions${asOf}.`;
  const parts: string[] = [];
  for (const { currency } of report.totals.value) {
    const digits = minorDigits(currency);
    parts.push(
      section(
        `Value, ${currency === "" ? "without a currency" : currency}${asOf}`,
        grid,
        { models, by, columns },
        digits,
        (rows) =>
          rows
            .filter((row) => row.currency === currency)
            .reduce((sum, row) => sum + unitsOf(row.value), 0n),
      ),
    );
  }
  parts.push(
    section(`Conversions${asOf}`, grid, { models, by, columns }, CONVERSION_DIGITS, (rows) =>
      rows.reduce((sum, row) => sum + unitsOfNumber(row.conversions), 0n),
    ),
  );
  const { conversions, attributed, unattributed } = report.totals;
  parts.push(
    `${counted(conversions, "conversion")}${asOf}: ${figure(attributed)} attributed, ${figure(unattributed)} without a touchpoint.`,
  );
  parts.push(...removalParts(report, by), ...confidenceParts(report, by));
  return parts.join("\n\n");
}

/** Removal effects of the Markov models, and how likely a journey converts. */
function removalParts({ removalEffects = [] }: ShownReport, by: readonly string[]): string[] {
  if (removalEffects.length === 0) return [];
  const dims = by.filter((name) => removalEffects.some(({ effects: [one] }) => one?.[name]));
  const named = removalEffects.map(
    ({ effects }) =>
      new Map(
        effects.map(({ effect, ...group }) => [
          JSON.stringify(dims.map((name) => dimensionText(group[name]))),
          effect,
        ]),
      ),
  );
  const groups = [...new Set(named.flatMap((effects) => [...effects.keys()]))];
  const rows = groups.map((group) => [
    ...(JSON.parse(group) as string[]),
    ...named.map((effects) => percent(effects.get(group) ?? 0)),
  ]);
  const models = removalEffects.map(({ model }) => model);
  const probabilities = removalEffects.map(
    ({ model, conversionProbability }) => `${percent(conversionProbability)} under ${model}`,
  );
  const line = `A journey with a touchpoint converts with a probability of ${probabilities.join(", ")}.`;
  if (groups.length === 0) return [line];
  const title = "Removal effects: share of the conversions that would be lost without";
  return [`${title}\n${plainTable([...dims, ...models], dims.length, rows, false)}`, line];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Intervals of the conversions, and the neighbours whose difference the data do not show. */
function confidenceParts(report: ShownReport, by: readonly string[]): string[] {
  if (report.comparisons === undefined) return [];
  const ranged = report.rows.filter((row) => row.conversionsInterval !== undefined);
  const rows = ranged.map((row) => [
    row.model,
    ...by.map((name) => dimensionText(row[name])),
    row.currency,
    ...[row.conversions, ...(row.conversionsInterval ?? [])].map((value) =>
      value.toFixed(CONVERSION_DIGITS),
    ),
  ]);
  const head = ["model", ...by, "currency", "conversions", "from", "to"];
  const named = (group: Readonly<Record<string, string>>): string =>
    by.map((name) => dimensionText(group[name])).join(" / ");
  const alike = report.comparisons
    .filter(({ differ }) => !differ)
    .map(
      ({ model, first, second }) =>
        `${model}: ${named(first)} and ${named(second)} do not differ significantly.`,
    );
  const table = `Confidence of conversions\n${plainTable(head, by.length + 2, rows, false)}`;
  return alike.length === 0 ? [table] : [table, alike.join("\n")];
}

function gridOf(rows: readonly ReportRow[], by: readonly string[]): Grid {
  const groups = new Map<string, readonly string[]>();
  const cells = new Map<string, ReportRow[]>();
  const keyOf = (group: readonly string[]): string => JSON.stringify(group);
  for (const row of rows) {
    const group = by.map((name) => dimensionText(row[name]));
    const key = keyOf(group);
    groups.set(key, group);
    const cell = `${row.model} ${key}`;
    const known = cells.get(cell);
    if (known === undefined) cells.set(cell, [row]);
    else known.push(row);
  }
  return {
    groups: [...groups.values()].sort(groupOrder(by)),
    find: (group, model) => cells.get(`${model} ${keyOf(group)}`) ?? [],
  };
}

/** Orders groups: by the hour, day, week or month where there is one, those without a touchpoint last; else as they come. */
export function groupOrder(
  by: readonly string[],
): (a: readonly string[], b: readonly string[]) => number {
  const time = by.findIndex((name) => CALENDAR.includes(name));
  const isLast = (group: readonly string[]): number =>
    group.some((name) => UNATTRIBUTED.includes(name)) ? 1 : 0;
  // Not by the text: of two hours that read 02:00 the one with the larger offset is the first.
  const at = (group: readonly string[]): number => Date.parse(group[time] ?? "") || 0;
  return (a, b) => at(a) - at(b) || isLast(a) - isLast(b);
}

/** A dimension as a table's cell. */
export function dimensionText(value: unknown): string {
  return shortText(typeof value === "string" ? value : "");
}

/** A name for a table's cell: harmless, not too wide, `(none)` where it is empty. */
export function shortText(text: string): string {
  return text === "" ? "(none)" : safeTextWithin(MAX_CELL_CHARACTERS, text);
}

/** What a table shows, and the columns of the screen that it is for. */
interface Layout {
  readonly models: readonly string[];
  readonly by: readonly string[];
  readonly columns: number;
}

function section(
  title: string,
  grid: Grid,
  { models, by, columns }: Layout,
  digits: number,
  measure: (rows: readonly ReportRow[]) => bigint,
): string {
  const rounded = models.map((model) =>
    roundColumn(
      grid.groups.map((group) => measure(grid.find(group, model))),
      digits,
    ),
  );
  const cells = rounded.map((column) =>
    [...column.cells, column.total].map((units) => formatUnits(units, digits)),
  );
  const body = grid.groups.map((group, i) => [...group, ...cells.map((column) => column[i] ?? "")]);
  const total = [
    "total",
    ...by.slice(1).map(() => ""),
    ...cells.map((column) => column.at(-1) ?? ""),
  ];
  const table = plainTable([...by, ...models], by.length, [...body, total]);
  const [only, ...others] = rounded;
  if (only === undefined || others.length > 0) return `${title}\n${table}`;
  return `${title}\n${withBars(table, only.cells.map(Number), columns)}`;
}

/** A table without borders but a line below its head and above its last row; text to the left, figures to the right. */
export function plainTable(
  head: readonly string[],
  textColumns: number,
  rows: readonly (readonly string[])[],
  hasTotal = true,
): string {
  const none = "";
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i < textColumns ? "left" : "right")),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    chars: {
      top: none,
      "top-mid": none,
      "top-left": none,
      "top-right": none,
      bottom: none,
      "bottom-mid": none,
      "bottom-left": none,
      "bottom-right": none,
      left: none,
      "left-mid": none,
      mid: none,
      "mid-mid": none,
      right: none,
      "right-mid": none,
      middle: "  ",
    },
  });
  for (const row of rows) table.push([...row]);
  const lines = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  const width = Math.max(...lines.map((line) => line.length));
  const headLines = Math.max(...head.map((name) => name.split("\n").length));
  lines.splice(headLines, 0, "─".repeat(width));
  if (hasTotal) lines.splice(lines.length - 1, 0, "─".repeat(width));
  return lines.join("\n");
}
