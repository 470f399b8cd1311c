import {
  bootstrap,
  compareChannels,
  pathModel,
  percentileInterval,
  seededRandom,
  type Bootstrap,
  type Interval,
  type PathModel,
  type PathModelName,
  type PathTable,
  type RemovalEffects,
} from "@tributary/attribution";

/** Amounts of one group of conversions (of one currency, say): an entry for each of their paths. */
export interface GroupAmounts {
  /** Path numbers of the table; one may come more than once. */
  readonly paths: Int32Array;
  readonly conversions: Float64Array;
  readonly values: Float64Array;
}

/** How a confidence interval is made. */
export interface Resampling {
  /** Between 0 and 1. */
  readonly confidence: number;
  readonly replicates: number;
  readonly seed: number;
}

/** The credits of one model over all journeys. */
export interface PathCreditsTask {
  readonly model: PathModelName;
  /** Conversions of all groups together, and journeys without one. */
  readonly table: PathTable;
  readonly groups: readonly GroupAmounts[];
  readonly resampling?: Resampling | undefined;
}

/** By channel number. */
export interface Credits {
  readonly credits: Float64Array;
  /** Where resampling was asked for. */
  readonly intervals?: readonly Interval[];
}

/** Two neighbours in the order of their credited conversions, by channel number. */
export interface NeighbourComparison {
  readonly first: number;
  readonly second: number;
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly differ: boolean;
}

export interface PathCredits {
  /** In the order of the task's. */
  readonly groups: readonly { readonly conversions: Credits; readonly values: Credits }[];
  /** Empty without resampling. */
  readonly neighbours: readonly NeighbourComparison[];
  /** Of a Markov model, over all journeys. */
  readonly removal?: RemovalEffects;
}

/**
 * Credits all journeys under one model, then splits each group's conversions and values by it: the model sees the journeys of
 * all groups.
 * @throws AttributionError as the model's function
 */
export function creditPaths(task: PathCreditsTask): PathCredits {
  const { table, groups, resampling } = task;
  const model = pathModel(task.model, table);
  const removal =
    model.removalEffects === undefined ? {} : { removal: model.removalEffects(table) };
  if (resampling === undefined) {
    const split = (values: Float64Array): Credits => ({
      credits: model.credit({ ...table, values }).values,
    });
    return {
      groups: groups.map((group) => ({
        conversions: split(byPath(table, group.paths, group.conversions)),
        values: split(byPath(table, group.paths, group.values)),
      })),
      neighbours: [],
      ...removal,
    };
  }
  const { confidence } = resampling;
  const ofValues = groups.map(({ paths, values }) =>
    resample(table, model, resampling, byPath(table, paths, values)),
  );
  const whole = ofValues[0] ?? resample(table, model, resampling, table.conversions);
  return {
    groups: groups.map(({ paths, conversions }, i) => {
      // A single group has all conversions.
      const ofConversions =
        groups.length === 1
          ? { credits: whole.estimate.conversions, samples: whole.conversions }
          : valuesOf(resample(table, model, resampling, byPath(table, paths, conversions)));
      return {
        conversions: withIntervals(ofConversions, confidence),
        values: withIntervals(valuesOf(ofValues[i] ?? whole), confidence),
      };
    }),
    neighbours: compareNeighbours(whole, confidence),
    ...removal,
  };
}

/** A group's amounts by path number. */
function byPath(table: PathTable, paths: Int32Array, amounts: Float64Array): Float64Array {
  const sums = new Float64Array(table.conversions.length);
  for (const [i, path] of paths.entries()) sums[path] = (sums[path] ?? 0) + (amounts[i] ?? 0);
  return sums;
}

/** Resamples with the same seed draw the same journeys, whatever amounts they carry. */
function resample(
  table: PathTable,
  model: PathModel,
  { seed, replicates }: Resampling,
  values: Float64Array,
): Bootstrap {
  return bootstrap({ ...table, values }, model, { random: seededRandom(seed), replicates });
}

interface Sampled {
  readonly credits: Float64Array;
  /** By channel number, a figure a resample. */
  readonly samples: readonly Float64Array[];
}

function valuesOf({ estimate, values }: Bootstrap): Sampled {
  return { credits: estimate.values, samples: values };
}

function withIntervals({ credits, samples }: Sampled, confidence: number): Credits {
  return { credits, intervals: samples.map((of) => percentileInterval(of, confidence)) };
}

function compareNeighbours(whole: Bootstrap, confidence: number): NeighbourComparison[] {
  const { conversions } = whole.estimate;
  const ranked = Array.from(conversions.keys())
    .filter((channel) => conversions[channel] !== 0)
    .sort((a, b) => (conversions[b] ?? 0) - (conversions[a] ?? 0) || a - b);
  return ranked.slice(1).map((second, i) => {
    const first = ranked[i] ?? 0;
    return { first, second, ...compareChannels(whole, first, second, confidence) };
  });
}
