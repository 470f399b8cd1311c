/** Rows that sum up others, as ad platforms write them before, and mostly after, the data. */
import { parseAmount } from "../values/amount.ts";
import type { TableRow } from "./table.ts";

/** "Total" in the languages of ad platforms' exports. */
const TOTAL =
  /^(?:grand |overall |sub)?(?:total|totals|total general|gesamt|gesamtsumme|gesamtergebnis|summe|insgesamt|totale|totaal|totaux|totalt|razem|suma|summa|celkem|итого|合計|总计)\s*(?:$|[:：\-–(])/iu;

/** What of a cell means that there is no value. */
const NOTHING = /^\s*(?:-{1,3}|–|—|n\/a)?\s*$/i;

/**
 * Why a row at the table's edge is no data; undefined where it is data. A total says so in its first filled cell,
 * followed by nothing or a colon ("Total Wine" is a name). A footer is one sentence alone in its row.
 * @param columns how many the table has
 */
export function edgeReason(row: TableRow, columns: number): string | undefined {
  const filled = row.cells.filter((cell) => !NOTHING.test(cell));
  const first = filled[0]?.trim();
  if (first === undefined) return "has no values";
  if (TOTAL.test(first) && filled.length < columns) return `is a total ("${first.slice(0, 32)}")`;
  const isSentence = /^[©(]|\p{L}+\s+\p{L}/u.test(first) || /^results from \d/i.test(first);
  if (
    filled.length === 1 &&
    columns > 2 &&
    isSentence &&
    NOTHING.test(row.cells.slice(1).join(""))
  ) {
    return `is a footer ("${first.slice(0, 32)}")`;
  }
  return undefined;
}

/**
 * The row of totals that says so only by its figures, as Meta's summary row does: first or last, without a text that
 * every other row has, and with the exact sums of all other rows in two columns, or in the only one with numbers.
 * @param rows all rows of the table
 */
export function summaryRow(rows: readonly TableRow[]): TableRow | undefined {
  if (rows.length < 3) return undefined;
  return [rows[0], rows.at(-1)].find((row) => row !== undefined && isSummary(row, rows));
}

/** Days and currencies stand in a summary as well; a time of day is an event's. */
const NO_LABEL = /^(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|[A-Z]{3})$/;

function isSummary(row: TableRow, rows: readonly TableRow[]): boolean {
  const others = rows.filter((other) => other !== row);
  let lacksLabel = false;
  let numbers = 0;
  let sums = 0;
  for (const [i, cell] of row.cells.entries()) {
    if (NOTHING.test(cell)) {
      lacksLabel ||= others.every((other) => isLabel(other.cells[i] ?? ""));
      continue;
    }
    const number = numberOf(cell);
    if (number === undefined) {
      if (!NO_LABEL.test(cell.trim())) return false;
      continue;
    }
    numbers += 1;
    if (number !== 0n && number === sumOf(others, i)) sums += 1;
  }
  return lacksLabel && sums >= Math.min(2, Math.max(1, numbers));
}

function isLabel(cell: string): boolean {
  return !NOTHING.test(cell) && numberOf(cell) === undefined;
}

/** In units of 10^-12; undefined where a cell is no number. */
function sumOf(rows: readonly TableRow[], i: number): bigint | undefined {
  let sum = 0n;
  for (const { cells } of rows) {
    const cell = cells[i] ?? "";
    if (NOTHING.test(cell)) continue;
    const number = numberOf(cell);
    if (number === undefined) return undefined;
    sum += number;
  }
  return sum;
}

function numberOf(cell: string): bigint | undefined {
  const parsed = parseAmount(cell, ".");
  if (parsed?.kind !== "amount") return undefined;
  const [whole = "0", fraction = ""] = parsed.amount.replace("-", "").split(".");
  const units = BigInt(whole + fraction.padEnd(12, "0"));
  return parsed.amount.startsWith("-") ? -units : units;
}
