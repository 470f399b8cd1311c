import { formatDecimal } from "@tributary/protocol";
import { decimalUnits, type AttributionRow } from "@tributary/warehouse";

/** A row, and the figures of the same group in another report. */
export interface ComparedRow extends AttributionRow {
  readonly conversionsBefore: number;
  readonly valueBefore: string;
  /** This row less the other; below 0 where the group loses. */
  readonly conversionsChange: number;
  /** Exact decimal text. */
  readonly valueChange: string;
}

/** Figures of a row. */
type Figure = "model" | "conversions" | "value" | "currency";
const NOTHING = { conversions: 0, value: "0" };

/**
 * Pairs the rows of two reports by group; a group that one report lacks has nothing there. Rows keep the order of the models,
 * then come by the larger of their two values, largest first.
 */
export function compareWith(
  rows: readonly AttributionRow[],
  before: readonly AttributionRow[],
  models: readonly string[],
): ComparedRow[] {
  const earlier = new Map(before.map((row) => [keyOf(row), row]));
  const now = new Map(rows.map((row) => [keyOf(row), row]));
  const compared = [...new Set([...now.keys(), ...earlier.keys()])].flatMap((key) => {
    const row = now.get(key);
    const old = earlier.get(key);
    const named = row ?? old;
    return named === undefined ? [] : [beside(named, row ?? NOTHING, old ?? NOTHING)];
  });
  const largest = (row: ComparedRow): number =>
    Math.max(Number(row.value), Number(row.valueBefore));
  return compared.sort(
    (a, b) => models.indexOf(a.model) - models.indexOf(b.model) || largest(b) - largest(a),
  );
}

function beside(
  named: AttributionRow,
  now: Pick<AttributionRow, "conversions" | "value">,
  before: Pick<AttributionRow, "conversions" | "value">,
): ComparedRow {
  const change = decimalUnits(now.value) - decimalUnits(before.value);
  return {
    ...named,
    conversions: now.conversions,
    value: now.value,
    conversionsBefore: before.conversions,
    valueBefore: before.value,
    conversionsChange: Number((now.conversions - before.conversions).toFixed(12)),
    valueChange: formatDecimal(change),
  };
}

function keyOf(row: AttributionRow): string {
  const { model, currency, conversions: _, value: __, ...dims } = row;
  const names: Readonly<Record<string, unknown>> = dims satisfies Omit<AttributionRow, Figure>;
  const sorted = Object.keys(names).filter((name) => !name.endsWith("Interval"));
  return JSON.stringify([model, currency, sorted.map((name) => names[name])]);
}
