import {
  shareCredits,
  tabulatePaths,
  transformPaths,
  type Interval,
  type PathModelName,
  type PathRow,
  type PathTable,
  type PathTransform,
} from "@tributary/attribution";
import { formatDecimal, MONEY_DIGITS, type DimensionField } from "@tributary/protocol";
import {
  NO_VALUE,
  touchDimensions,
  UNATTRIBUTED,
  type ConvertingPath,
  type OpenPath,
} from "@tributary/warehouse";
import type { CurrencyAmounts, PathCredits, PathCreditsTask, Resampling } from "./path-credits.ts";

/** One conversion in the units of its shares. */
const CONVERSION_UNITS = 10n ** BigInt(MONEY_DIGITS);
const VALUE_UNITS = 10 ** MONEY_DIGITS;

/** The journeys of a report, made ready for models. */
export interface Journeys {
  readonly by: readonly DimensionField[];
  readonly table: PathTable;
  /** In the order of their names. */
  readonly currencies: readonly Currency[];
}

interface Currency extends CurrencyAmounts {
  readonly name: string;
  /** Conversions and value with and without a touchpoint, exact. */
  readonly attributed: Exact;
  readonly unattributed: Exact;
}

interface Exact {
  conversions: bigint;
  /** Units of 10^-12. */
  value: bigint;
}

/** What one group earned under a model over paths, in one currency. */
export interface PathModelRow extends Partial<Readonly<Record<DimensionField, string>>> {
  readonly model: PathModelName;
  readonly conversions: number;
  readonly value: string;
  readonly currency: string;
  /** Where a confidence was asked for. */
  readonly conversionsInterval?: readonly [low: number, high: number];
  readonly valueInterval?: readonly [low: number, high: number];
}

/** Two groups next to each other by their credited conversions, and whether the data tell them apart. */
export interface Comparison {
  readonly model: PathModelName;
  readonly first: Partial<Readonly<Record<DimensionField, string>>>;
  readonly second: Partial<Readonly<Record<DimensionField, string>>>;
  /** Credited conversions of the first less those of the second. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  readonly differ: boolean;
}

/**
 * Makes a table of the paths, simplified.
 * @param open journeys that did not convert; none where the report is to be about conversions alone
 */
export function tabulateJourneys(
  converting: readonly ConvertingPath[],
  open: readonly OpenPath[],
  by: readonly DimensionField[],
  transform: PathTransform,
): Journeys {
  const names = [...new Set(converting.map(({ currency }) => currency))].sort();
  /** The same rows in the same order every time, hence the same path numbers: only the amounts differ. */
  const tableOf = (counts: (path: ConvertingPath) => boolean, withOpen: boolean): PathTable => {
    const rows = [
      ...converting.map((path): PathRow => {
        const counted = counts(path);
        return {
          path: path.path,
          conversions: counted ? path.conversions : 0,
          value: counted ? Number(path.value) / VALUE_UNITS : 0,
          nulls: 0,
        };
      }),
      ...open.map(({ path, journeys }): PathRow => ({
        path,
        conversions: 0,
        value: 0,
        nulls: withOpen ? journeys : 0,
      })),
    ];
    return transformPaths(tabulatePaths(rows), transform);
  };
  return {
    by,
    table: tableOf(() => true, true),
    currencies: names.map((name) => {
      const { conversions, values } = tableOf(({ currency }) => currency === name, false);
      const attributed = { conversions: 0n, value: 0n };
      const unattributed = { conversions: 0n, value: 0n };
      for (const { path, currency, conversions: count, value } of converting) {
        if (currency !== name) continue;
        const sum = path.length === 0 ? unattributed : attributed;
        sum.conversions += BigInt(count) * CONVERSION_UNITS;
        sum.value += value;
      }
      return { name, conversions, values, attributed, unattributed };
    }),
  };
}

/** The task that computes a model over the journeys. */
export function taskOf(
  { table, currencies }: Journeys,
  model: PathModelName,
  resampling: Resampling | undefined,
): PathCreditsTask {
  const amounts = currencies.map(({ conversions, values }) => ({ conversions, values }));
  return { model, table, currencies: amounts, resampling };
}

/**
 * A model's rows: what was attributed is split by its credits to the last digit, what had no touchpoint is a row of its
 * own. Largest value first, then most conversions.
 */
export function rowsOfCredits(
  { by, table, currencies }: Journeys,
  model: PathModelName,
  credits: PathCredits,
): readonly PathModelRow[] {
  const rows: (Exact & { row: PathModelRow })[] = [];
  for (const [i, currency] of currencies.entries()) {
    const of = credits.currencies[i];
    if (of === undefined) continue;
    const { attributed, unattributed } = currency;
    const conversions = shareCredits(attributed.conversions, of.conversions.credits);
    const values = shareCredits(attributed.value, of.values.credits);
    // Nobody's: a chain in which no channel's removal costs a conversion.
    const left = {
      conversions:
        unattributed.conversions + (conversions === undefined ? attributed.conversions : 0n),
      value: unattributed.value + (values === undefined ? attributed.value : 0n),
    };
    const add = (dims: PathModelRow | object, exact: Exact, more: object): void => {
      rows.push({
        ...exact,
        row: {
          model,
          ...dims,
          conversions: Number(formatDecimal(exact.conversions)),
          value: formatDecimal(exact.value),
          currency: currency.name,
          ...more,
        },
      });
    };
    for (const [channel, name] of table.channels.entries()) {
      const exact = { conversions: conversions?.[channel] ?? 0n, value: values?.[channel] ?? 0n };
      if (exact.conversions === 0n && exact.value === 0n) continue;
      add(dimensionsOf(by, name), exact, {
        ...interval("conversionsInterval", of.conversions.intervals?.[channel]),
        ...interval("valueInterval", of.values.intervals?.[channel]),
      });
    }
    if (left.conversions > 0n) add(unattributedDimensions(by), left, {});
  }
  return rows
    .sort((a, b) => compare(b.value, a.value) || compare(b.conversions, a.conversions))
    .map(({ row }) => row);
}

/** Neighbours by credited conversions, with their names. */
export function comparisonsOf(
  { by, table }: Journeys,
  model: PathModelName,
  { neighbours }: PathCredits,
): readonly Comparison[] {
  const named = (channel: number) => dimensionsOf(by, table.channels[channel] ?? "");
  return neighbours.map(({ first, second, difference, low, high, differ }) => ({
    model,
    first: named(first),
    second: named(second),
    difference,
    interval: [low, high],
    differ,
  }));
}

function dimensionsOf(
  by: readonly DimensionField[],
  touch: string,
): Partial<Record<DimensionField, string>> {
  const texts = touchDimensions(touch, by.length);
  return Object.fromEntries(by.map((field, i) => [field, texts[i] || NO_VALUE]));
}

function unattributedDimensions(
  by: readonly DimensionField[],
): Partial<Record<DimensionField, string>> {
  return Object.fromEntries(
    by.map((field) => [field, field === "channel" ? UNATTRIBUTED : NO_VALUE]),
  );
}

function interval(
  field: "conversionsInterval" | "valueInterval",
  of: Interval | undefined,
): Partial<PathModelRow> {
  return of === undefined ? {} : { [field]: [of.low, of.high] };
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
