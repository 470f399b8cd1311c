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
 * The row of totals that says so only by its figures, as Meta's summary row does: first or last, without the texts that
 * every other row has, and with the exact sum of all other rows in some column.
 * @param rows all rows of the table
 */
export function summaryRow(rows: readonly TableRow[]): TableRow | undefined {
  if (rows.length < 3) return undefined;
  return [rows[0], rows.at(-1)].find((row) => row !== undefined && isSummary(row, rows));
}

function isSummary(row: TableRow, rows: readonly TableRow[]): boolean {
  const others = rows.filter((other) => other !== row);
  let lacksLabel = false;
  let isSum = false;
  for (const [i, cell] of row.cells.entries()) {
    if (NOTHING.test(cell)) {
      lacksLabel ||= others.every((other) => !NOTHING.test(other.cells[i] ?? ""));
      continue;
    }
    const sum = numberOf(cell);
    // A text that is no date either is a label, and labels are what a summary lacks.
    if (sum === undefined) {
      if (!/\d/.test(cell) && !/^[A-Z]{3}$/.test(cell)) return false;
      continue;
    }
    isSum ||= sum !== 0n && sum === sumOf(others, i);
  }
  return lacksLabel && isSum;
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
