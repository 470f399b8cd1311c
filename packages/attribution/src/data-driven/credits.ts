import type { PathCounts, PathTable } from "./path-table.ts";

/** Credits of each channel, by channel number. */
export interface ChannelCredits {
  readonly conversions: Float64Array;
  readonly values: Float64Array;
  /** Conversions on paths without a touchpoint: no channel's. */
  readonly unattributedConversions: number;
  readonly unattributedValue: number;
}

/**
 * A model made ready for the paths of one table: what depends on the paths alone is done, so that it can
 * credit other counts of the same paths (a resample's) at little cost.
 */
export interface PathModel {
  /**
   * Credits sum to the conversions, and values to the value, of the paths with a touchpoint.
   * @param counts by the path numbers of the table
   */
  credit(counts: PathCounts): ChannelCredits;
  /** Of a Markov model. @param counts by the path numbers of the table */
  removalEffects?(counts: PathCounts): RemovalEffects;
}

/** Share of the conversions that would be lost without each channel. */
export interface RemovalEffects {
  /** The probability that a journey with a touchpoint converts. */
  readonly conversionProbability: number;
  /** By channel number, from 0 (no conversion needs it) to 1 (every one does). */
  readonly effects: Float64Array;
}

/** Splits everything that was attributed by the channels' weights, which need not sum to 1; nothing where all are 0. */
export function creditByWeights(
  table: PathTable,
  counts: PathCounts,
  weights: Float64Array,
): ChannelCredits {
  const credits = emptyCredits(table, counts);
  let conversions = 0;
  let value = 0;
  for (let p = 0; p < counts.conversions.length; p += 1) {
    if (isEmptyPath(table, p)) continue;
    conversions += counts.conversions[p] ?? 0;
    value += counts.values[p] ?? 0;
  }
  let sum = 0;
  for (const weight of weights) sum += weight;
  if (sum === 0) return credits;
  for (const [channel, weight] of weights.entries()) {
    credits.conversions[channel] = (conversions * weight) / sum;
    credits.values[channel] = (value * weight) / sum;
  }
  return credits;
}

/** Credits of 0, and what the paths without a touchpoint hold. */
export function emptyCredits(table: PathTable, counts: PathCounts): ChannelCredits {
  let unattributedConversions = 0;
  let unattributedValue = 0;
  for (let p = 0; p < counts.conversions.length; p += 1) {
    if (!isEmptyPath(table, p)) continue;
    unattributedConversions += counts.conversions[p] ?? 0;
    unattributedValue += counts.values[p] ?? 0;
  }
  return {
    conversions: new Float64Array(table.channels.length),
    values: new Float64Array(table.channels.length),
    unattributedConversions,
    unattributedValue,
  };
}

function isEmptyPath({ starts }: PathTable, path: number): boolean {
  return starts[path] === starts[path + 1];
}
