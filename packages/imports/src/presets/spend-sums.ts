import type { Table, TableRow } from "../file/table.ts";
import type { Choices } from "../mapping/propose.ts";
import { parseAmount, type DecimalMark } from "../values/amount.ts";
import { AmountEvidence } from "../values/detect-amounts.ts";

/** Days and names that are told apart; more rows than that are no report. */
const MAX_SUMS = 200_000;
const BATCH_ROWS = 2000;

/**
 * Adds up rows of one day and one set of names: reports by ad, device or hour have several rows a campaign and day.
 * Rows whose amount cannot be read stay as they are. Amounts are summed exactly.
 * Memory: the sums, one row each.
 */
export function addUpSpend(table: Table, { columns }: Choices): Table {
  const amountColumn = columns?.get("amount");
  const amountPlace = amountColumn === undefined ? -1 : table.columns.indexOf(amountColumn);
  if (amountPlace < 0) return table;
  const places = [...(columns ?? [])]
    .filter(([field]) => field !== "amount")
    .map(([, column]) => table.columns.indexOf(column))
    .filter((place) => place >= 0);
  return { ...table, rows: () => summedRows(table, amountPlace, places) };
}

async function* summedRows(
  table: Table,
  amountPlace: number,
  places: readonly number[],
): AsyncGenerator<readonly TableRow[]> {
  const mark = await markOf(table, amountPlace);
  const sums = new Map<string, { readonly row: TableRow; units: bigint; rows: number }>();
  for await (const batch of table.rows()) {
    const asTheyAre: TableRow[] = [];
    for (const row of batch) {
      const units =
        row.problem === undefined ? unitsOf(row.cells[amountPlace] ?? "", mark) : undefined;
      if (units === undefined || sums.size >= MAX_SUMS) {
        asTheyAre.push(row);
        continue;
      }
      const key = [
        ...places.map((place) => row.cells[place] ?? ""),
        currencyOf(row.cells[amountPlace] ?? ""),
      ].join("\0");
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { row, units, rows: 1 });
      else {
        sum.units += units;
        sum.rows += 1;
      }
    }
    if (asTheyAre.length > 0) yield asTheyAre;
  }
  const rows = [...sums.values()].map((sum) =>
    sum.rows === 1 ? sum.row : withSum(sum.row, amountPlace, sum.units),
  );
  for (let at = 0; at < rows.length; at += BATCH_ROWS) yield rows.slice(at, at + BATCH_ROWS);
}

async function markOf(table: Table, place: number): Promise<DecimalMark | undefined> {
  const evidence = new AmountEvidence();
  for await (const rows of table.rows()) {
    for (const { cells, problem } of rows)
      if (problem === undefined) evidence.add(cells[place] ?? "");
  }
  return evidence.decide().mark;
}

const DIGITS = 12;

function unitsOf(cell: string, mark: DecimalMark | undefined): bigint | undefined {
  const parsed = parseAmount(cell, mark);
  if (parsed?.kind !== "amount" || parsed.amount.startsWith("-")) return undefined;
  const [whole = "0", fraction = ""] = parsed.amount.split(".");
  return BigInt(whole + fraction.padEnd(DIGITS, "0"));
}

function currencyOf(cell: string): string {
  return parseAmount(cell)?.currency ?? "";
}

function withSum({ line, cells }: TableRow, place: number, units: bigint): TableRow {
  const digits = units.toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  // Three digits after a mark could be thousands.
  const plain = `${digits.slice(0, -DIGITS)}.${fraction.length === 3 ? `${fraction}0` : fraction.padEnd(2, "0")}`;
  const currency = currencyOf(cells[place] ?? "");
  return {
    line,
    cells: cells.with(place, `${plain}${currency === "" ? "" : ` ${currency}`}`),
    problem: undefined,
  };
}
