import { AttributionError } from "../errors.ts";
import { binomial } from "./binomial.ts";
import type { ChannelCredits, PathModel } from "./credits.ts";
import type { PathCounts, PathTable } from "./path-table.ts";
import type { Random } from "./seeded-random.ts";

/** Resamples: enough for an interval of 95 % whose ends stand to about a tenth of its width. */
const DEFAULT_REPLICATES = 200;
const REPLICATES_MAX = 10_000;
const DEFAULT_CONFIDENCE = 0.95;

/** A model's credits on the journeys as they are, and on resamples of them. */
export interface Bootstrap {
  readonly estimate: ChannelCredits;
  /** By channel number: credited conversions, a figure for each resample. */
  readonly conversions: readonly Float64Array[];
  /** By channel number: credited value, likewise. */
  readonly values: readonly Float64Array[];
}

/** Where a figure lies with the confidence asked for. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How two channels' credits compare. */
export interface ChannelDifference extends Interval {
  /** Credit of the first less that of the second. */
  readonly difference: number;
  /** Whether 0 lies outside of the interval: only then is one channel known to earn more. */
  readonly differ: boolean;
}

/**
 * How far a model's credits would scatter had other journeys of the same kind come: as many journeys as
 * there are, drawn with replacement, credited anew, again and again. Journeys are drawn by path and
 * outcome, a conversion's value being the mean of its path's. The same generator state gives the same
 * resamples.
 *
 * Example: 100 journeys of A, 50 of which convert: A's credit is 50, and in 95 % of the resamples about
 * 40 to 60.
 *
 * @throws AttributionError `paths_invalid` for counts that are not whole numbers of journeys
 * @throws RangeError where replicates are not an integer from 2 to `REPLICATES_MAX`
 *
 * Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 6 and 13.
 * Cost: for each resample two binomial draws a path, and the model once.
 */
export function bootstrap(
  table: PathTable,
  model: PathModel,
  { random, replicates = DEFAULT_REPLICATES }: { random: Random; replicates?: number },
): Bootstrap {
  if (!(Number.isInteger(replicates) && replicates >= 2 && replicates <= REPLICATES_MAX)) {
    throw new RangeError(
      `replicates: expected an integer from 2 to ${REPLICATES_MAX}, got ${replicates}`,
    );
  }
  const journeys = countJourneys(table);
  const conversions = table.channels.map(() => new Float64Array(replicates));
  const values = table.channels.map(() => new Float64Array(replicates));
  const drawn: PathCounts = {
    conversions: new Float64Array(table.conversions.length),
    values: new Float64Array(table.conversions.length),
    nulls: new Float64Array(table.conversions.length),
  };
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    drawJourneys(table, journeys, random, drawn);
    const credits = model.credit(drawn);
    for (const [channel, samples] of conversions.entries()) {
      samples[replicate] = credits.conversions[channel] ?? 0;
    }
    for (const [channel, samples] of values.entries()) {
      samples[replicate] = credits.values[channel] ?? 0;
    }
  }
  return { estimate: model.credit(table), conversions, values };
}

/**
 * The middle `confidence` of the samples (percentile interval); between two samples in proportion.
 *
 * Example: of the samples 0, 1 … 100 with confidence 0.9, 5 to 95.
 */
export function percentileInterval(
  samples: Float64Array,
  confidence: number = DEFAULT_CONFIDENCE,
): Interval {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence: expected a number between 0 and 1, got ${confidence}`);
  }
  const sorted = samples.toSorted();
  const tail = (1 - confidence) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/**
 * Whether the data tell two channels apart: the interval of the difference of their credits within each
 * resample, which is narrower or wider than two intervals side by side would suggest, for credits of one
 * journey go up and down together.
 *
 * Example: A and B with 50 conversions each differ by about −20 to 20: they do not differ.
 */
export function compareChannels(
  { estimate, conversions }: Bootstrap,
  first: number,
  second: number,
  confidence: number = DEFAULT_CONFIDENCE,
): ChannelDifference {
  const ofFirst = conversions[first];
  const ofSecond = conversions[second];
  if (ofFirst === undefined || ofSecond === undefined) {
    throw new RangeError(
      `channels ${first} and ${second}: expected numbers below ${conversions.length}`,
    );
  }
  const { low, high } = percentileInterval(
    ofFirst.map((credit, replicate) => credit - (ofSecond[replicate] ?? 0)),
    confidence,
  );
  return {
    difference: (estimate.conversions[first] ?? 0) - (estimate.conversions[second] ?? 0),
    low,
    high,
    differ: low > 0 || high < 0,
  };
}

function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (place - below) * (high - low);
}

function countJourneys({ conversions, nulls }: PathTable): number {
  let journeys = 0;
  for (let p = 0; p < conversions.length; p += 1) {
    for (const count of [conversions[p] ?? 0, nulls[p] ?? 0]) {
      if (!Number.isSafeInteger(count)) {
        throw new AttributionError(
          "paths_invalid",
          `path ${p}: expected whole numbers of journeys to draw from, got ${count}`,
        );
      }
      journeys += count;
    }
  }
  return journeys;
}

/** A multinomial draw, as one binomial of the remainder after another. */
function drawJourneys(
  { conversions, values, nulls }: PathTable,
  journeys: number,
  random: Random,
  drawn: PathCounts,
): void {
  let toDraw = journeys;
  let toDrawFrom = journeys;
  for (let p = 0; p < conversions.length; p += 1) {
    const converted = conversions[p] ?? 0;
    const drawnConversions = binomial(random, toDraw, converted / toDrawFrom);
    toDraw -= drawnConversions;
    toDrawFrom -= converted;
    const lost = nulls[p] ?? 0;
    const drawnNulls = binomial(random, toDraw, lost / toDrawFrom);
    toDraw -= drawnNulls;
    toDrawFrom -= lost;
    drawn.conversions[p] = drawnConversions;
    drawn.values[p] = converted === 0 ? 0 : ((values[p] ?? 0) * drawnConversions) / converted;
    drawn.nulls[p] = drawnNulls;
  }
}
