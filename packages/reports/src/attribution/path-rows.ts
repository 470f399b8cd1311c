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
import { formatDecimal, MONEY_DIGITS } from "@tributary/protocol";
import {
  rowDimensions,
  touchDimensions,
  touchDimensionsOf,
  unattributedMark,
  type AttributionDimension,
  type AttributionRow,
  type ConvertingPath,
  type OpenPath,
} from "@tributary/warehouse";
import type {
  GroupAmounts,
  PathCredits,
  PathCreditsTask,
  Resampling,
} from "../compute/path-credits.ts";

/** One conversion in the units of its shares. */
const CONVERSION_UNITS = 10n ** BigInt(MONEY_DIGITS);
const VALUE_UNITS = 10 ** MONEY_DIGITS;

/** The journeys of a report as the table that models take. */
export interface Journeys {
  readonly by: readonly AttributionDimension[];
  readonly table: PathTable;
  /** In the order of their currencies' names, then of their dimensions. */
  readonly groups: readonly JourneyGroup[];
}

/** Conversions of one currency and one value of each conversion dimension asked for. */
interface JourneyGroup extends GroupAmounts {
  readonly currency: string;
  /** Texts of those dimensions. */
  readonly dimensions: readonly string[];
  /** Conversions and value with and without a touchpoint, exact. */
  readonly attributed: Exact;
  readonly unattributed: Exact;
}

interface Exact {
  conversions: bigint;
  /** Units of 10^-12. */
  value: bigint;
}

/** Credits of one group under a model over paths, in one currency. */
export interface PathModelRow extends AttributionRow {
  /** Where a confidence was asked for. */
  readonly conversionsInterval?: readonly [low: number, high: number];
  readonly valueInterval?: readonly [low: number, high: number];
}

/** What a Markov model says of all journeys: how many convert, and what share of that is lost without each group. */
export interface Removal {
  readonly model: PathModelName;
  /** Of a journey with a touchpoint. */
  readonly conversionProbability: number;
  readonly effects: readonly (Partial<Readonly<Record<AttributionDimension, string>>> & {
    /** From 0 to 1. */
    readonly effect: number;
  })[];
}

/** Two neighbours by credited conversions, and whether the data tell them apart. */
export interface Comparison {
  readonly model: PathModelName;
  readonly first: Partial<Readonly<Record<AttributionDimension, string>>>;
  readonly second: Partial<Readonly<Record<AttributionDimension, string>>>;
  /** Credited conversions of the first less those of the second. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  readonly differ: boolean;
}

/**
 * Simplifies the paths and tabulates them. Paths are sorted first: a sum of floats depends on its order in the last digit, and
 * the same question must give the same report.
 * @param open in an order of its own, the same for the same paths; journeys that did not convert; none where the report is to be about conversions alone
 */
export function tabulateJourneys(
  unordered: readonly ConvertingPath[],
  open: readonly OpenPath[],
  by: readonly AttributionDimension[],
  transform: PathTransform,
): Journeys {
  const converting = inOrder(unordered);
  const rows = [
    ...converting.map(({ path, conversions, value }): PathRow => ({
      path,
      conversions,
      value: Number(value) / VALUE_UNITS,
      nulls: 0,
    })),
    ...open.map(({ path, journeys }): PathRow => ({
      path,
      conversions: 0,
      value: 0,
      nulls: journeys,
    })),
  ];
  const pathOfRow: number[] = [];
  const simplified: number[] = [];
  const whole = tabulatePaths(rows, [], pathOfRow);
  const table = transformPaths(whole, transform, simplified);
  const members = new Map<string, { first: ConvertingPath; rows: number[] }>();
  for (const [row, path] of converting.entries()) {
    const key = [path.currency, ...path.dimensions].join("\0");
    const known = members.get(key);
    if (known === undefined) members.set(key, { first: path, rows: [row] });
    else known.rows.push(row);
  }
  const groups = [...members.keys()].sort().flatMap((key) => {
    const group = members.get(key);
    if (group === undefined) return [];
    const { currency, dimensions } = group.first;
    const of = group.rows.flatMap((row) => converting[row] ?? []);
    return {
      currency,
      dimensions,
      paths: Int32Array.from(group.rows, (row) => simplified[pathOfRow[row] ?? 0] ?? 0),
      conversions: Float64Array.from(of, ({ conversions }) => conversions),
      values: Float64Array.from(of, ({ value }) => Number(value) / VALUE_UNITS),
      attributed: sumOf(of.filter(({ path }) => path.length > 0)),
      unattributed: sumOf(of.filter(({ path }) => path.length === 0)),
    };
  });
  return { by, table, groups };
}

function inOrder(paths: readonly ConvertingPath[]): readonly ConvertingPath[] {
  return paths
    .map((path) => ({
      path,
      key: [path.currency, ...path.dimensions, ...path.path].join("\0"),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ path }) => path);
}

function sumOf(paths: readonly ConvertingPath[]): Exact {
  const sum = { conversions: 0n, value: 0n };
  for (const { conversions, value } of paths) {
    sum.conversions += BigInt(conversions) * CONVERSION_UNITS;
    sum.value += value;
  }
  return sum;
}

/** The task that computes a model over the journeys. */
export function taskOf(
  { table, groups }: Journeys,
  model: PathModelName,
  resampling: Resampling | undefined,
): PathCreditsTask {
  const amounts = groups.map(({ paths, conversions, values }) => ({ paths, conversions, values }));
  return { model, table, groups: amounts, resampling };
}

/**
 * A model's rows: what was attributed is split by its credits to the last digit, what had no touchpoint is a row of its
 * own (without a dimension of touchpoints, a part of its group's). Largest value first, then most conversions.
 */
export function rowsOfCredits(
  { by, table, groups }: Journeys,
  model: PathModelName,
  credits: PathCredits,
): readonly PathModelRow[] {
  const rows = new Map<
    string,
    Exact & { dims: PathModelRow | object; currency: string; more: object }
  >();
  for (const [i, group] of groups.entries()) {
    const of = credits.groups[i];
    if (of === undefined) continue;
    const { attributed, unattributed, currency } = group;
    const conversions = shareCredits(attributed.conversions, of.conversions.credits);
    const values = shareCredits(attributed.value, of.values.credits);
    // The model credits no channel: no removal costs a conversion.
    const left = {
      conversions:
        unattributed.conversions + (conversions === undefined ? attributed.conversions : 0n),
      value: unattributed.value + (values === undefined ? attributed.value : 0n),
    };
    const add = (touch: readonly string[] | undefined, exact: Exact, more: object): void => {
      const dims = {
        ...rowDimensions(by, touch, group.dimensions),
        ...unattributedMark(by, touch),
      };
      const key = [currency, ...Object.values(dims)].join("\0");
      const known = rows.get(key);
      if (known === undefined) {
        rows.set(key, { ...exact, dims, currency, more });
        return;
      }
      known.conversions += exact.conversions;
      known.value += exact.value;
      // An interval of one part is none of the sum.
      known.more = {};
    };
    for (const [channel, name] of table.channels.entries()) {
      const exact = { conversions: conversions?.[channel] ?? 0n, value: values?.[channel] ?? 0n };
      if (exact.conversions === 0n && exact.value === 0n) continue;
      add(touchesOf(by, name), exact, {
        ...interval("conversionsInterval", of.conversions.intervals?.[channel]),
        ...interval("valueInterval", of.values.intervals?.[channel]),
      });
    }
    if (left.conversions > 0n) add(undefined, left, {});
  }
  return [...rows.values()]
    .sort(
      (a, b) =>
        compare(b.value, a.value) ||
        compare(b.conversions, a.conversions) ||
        compare(Object.values(a.dims).join("\0"), Object.values(b.dims).join("\0")),
    )
    .map(({ dims, conversions, value, currency, more }) => ({
      model,
      ...dims,
      conversions: Number(formatDecimal(conversions)),
      value: formatDecimal(value),
      currency,
      ...more,
    }));
}

/** Neighbours by credited conversions, with their names. */
export function comparisonsOf(
  { by, table }: Journeys,
  model: PathModelName,
  { neighbours }: PathCredits,
): readonly Comparison[] {
  const named = (channel: number) =>
    rowDimensions(touchDimensionsOf(by), touchesOf(by, table.channels[channel] ?? ""), []);
  return neighbours.map(({ first, second, difference, low, high, differ }) => ({
    model,
    first: named(first),
    second: named(second),
    difference,
    interval: [low, high],
    differ,
  }));
}

/** A Markov model's removal effects with their names, the largest first; undefined of another model. */
export function removalOf(
  { by, table }: Journeys,
  model: PathModelName,
  { removal }: PathCredits,
): Removal | undefined {
  if (removal === undefined) return undefined;
  const dimensions = touchDimensionsOf(by);
  const effects = Array.from(removal.effects, (effect, channel) => ({
    ...rowDimensions(dimensions, touchesOf(by, table.channels[channel] ?? ""), []),
    effect,
  }));
  return {
    model,
    conversionProbability: removal.conversionProbability,
    // Without a dimension of touchpoints all of them are one, and its effect says nothing.
    effects: dimensions.length === 0 ? [] : effects.toSorted((a, b) => b.effect - a.effect),
  };
}

function touchesOf(by: readonly AttributionDimension[], touch: string): readonly string[] {
  return touchDimensions(touch, touchDimensionsOf(by).length);
}

function interval(
  field: "conversionsInterval" | "valueInterval",
  of: Interval | undefined,
): Partial<PathModelRow> {
  return of === undefined ? {} : { [field]: [of.low, of.high] };
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
