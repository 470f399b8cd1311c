import { formatDecimal } from "@tributary/protocol";
import { rowDimensions, unattributedMark, type AttributionDimension } from "./report-dimensions.ts";

/** Credits of one group of conversions and touchpoints under one model, exact and unnamed. */
export interface CreditGroup {
  readonly model: string;
  /** Texts of the touchpoint's dimensions asked for; undefined for conversions without a touchpoint. */
  readonly touch: readonly string[] | undefined;
  /** Texts of the conversion's dimensions asked for. */
  readonly conversion: readonly string[];
  /** ISO 4217, or "" for conversions without one. */
  readonly currency: string;
  /** In units of 10^-12 conversions. */
  readonly conversions: bigint;
  /** In units of 10^-12. */
  readonly value: bigint;
}

/** Credits of one group under one model, in one currency. */
export interface AttributionRow extends Partial<Readonly<Record<AttributionDimension, string>>> {
  readonly model: string;
  /** Of conversions without a touchpoint, where rows are by dimensions of touchpoints. */
  readonly unattributed?: true;
  /** Conversions credited: a sum of shares. */
  readonly conversions: number;
  /** Exact decimal text. */
  readonly value: string;
  /** ISO 4217, or "" for conversions without one. */
  readonly currency: string;
}

/** All conversions of the report, whatever its models and dimensions. */
export interface AttributionTotals {
  readonly conversions: number;
  readonly attributed: number;
  readonly unattributed: number;
  /** Net values as exact decimal text, by currency. */
  readonly value: readonly { readonly currency: string; readonly value: string }[];
}

interface Earned {
  readonly model: string;
  readonly dims: Partial<Record<AttributionDimension, string>> & { readonly unattributed?: true };
  readonly order: string;
  readonly currency: string;
  conversions: bigint;
  value: bigint;
}

/**
 * Orders rows by the models of the question, then by value and conversions, the largest first. Groups with the same names become
 * one, but for those of conversions without a touchpoint.
 */
export function rowsOfGroups(
  groups: Iterable<CreditGroup>,
  models: readonly string[],
  by: readonly AttributionDimension[],
): AttributionRow[] {
  const earned = new Map<string, Earned>();
  for (const { model, touch, conversion, currency, conversions, value } of groups) {
    const names = rowDimensions(by, touch, conversion);
    const dims = { ...names, ...unattributedMark(by, touch) };
    const order = Object.values(names).join("\0");
    const key = `${model}\0${currency}\0${dims.unattributed === true}\0${order}`;
    const known = earned.get(key);
    if (known === undefined) {
      earned.set(key, { model, dims, order, currency, conversions, value });
    } else {
      known.conversions += conversions;
      known.value += value;
    }
  }
  const sorted = [...earned.values()].sort(
    (a, b) =>
      models.indexOf(a.model) - models.indexOf(b.model) ||
      compare(b.value, a.value) ||
      compare(b.conversions, a.conversions) ||
      compare(a.order, b.order) ||
      compare(a.currency, b.currency),
  );
  return sorted.map(({ model, dims, conversions, value, currency }) => ({
    model,
    ...dims,
    conversions: Number(formatDecimal(conversions)),
    value: formatDecimal(value),
    currency,
  }));
}

/** Conversions in one currency, with or without a touchpoint. */
export interface TotalGroup {
  readonly attributed: boolean;
  readonly currency: string;
  readonly conversions: number;
  /** In units of 10^-12. */
  readonly value: bigint;
}

export function totalsOfGroups(groups: Iterable<TotalGroup>): AttributionTotals {
  let attributed = 0;
  let unattributed = 0;
  const values = new Map<string, bigint>();
  for (const group of groups) {
    if (group.attributed) attributed += group.conversions;
    else unattributed += group.conversions;
    values.set(group.currency, (values.get(group.currency) ?? 0n) + group.value);
  }
  const sorted = [...values].sort(([a], [b]) => compare(a, b));
  return {
    conversions: attributed + unattributed,
    attributed,
    unattributed,
    value: sorted
      .filter(([currency, value]) => currency !== "" || value !== 0n)
      .map(([currency, value]) => ({ currency, value: formatDecimal(value) })),
  };
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
