import type { Names, SessionGap } from "@tributary/attribution";
import type { DimensionField } from "@tributary/protocol";
import { touchDimensionsOf, type AttributionDimension } from "@tributary/warehouse";

/** How long before a conversion a touchpoint still counts, ms, inclusive; Infinity where its age does not matter. */
export interface Windows {
  /** Of clicks and visits. */
  readonly clickWindowMs: number;
  /** Of impressions. */
  readonly viewWindowMs: number;
}

/** Touchpoints that a question ignores. */
export interface LeftOut {
  readonly dimension: DimensionField;
  readonly value: string;
}

export const AFTER_CONVERSION = ["keep", "reset"] as const;
export type AfterConversion = (typeof AFTER_CONVERSION)[number];

/** Which touchpoints are on a conversion's path, and the settings of models that a question may change. */
export interface JourneyRules extends Windows {
  /** Of conversions of a name, instead of the others. */
  readonly windows: ReadonlyMap<string, Windows>;
  /** Within a session, visits that bring nothing new go on with an arrival. */
  readonly sessionGapMs: SessionGap;
  /** Whether impressions count. */
  readonly viewThrough: boolean;
  /** Whether a path that has a click loses its impressions. */
  readonly clickBeatsImpression: boolean;
  readonly leaveOut: readonly LeftOut[];
  /** Whether a conversion with a campaign of its own is the last touchpoint of its path. */
  readonly conversionTouch: boolean;
  /** Whether a conversion leaves its touchpoints to the user's next one, or uses them up. */
  readonly afterConversion: AfterConversion;
  /** Of time_decay, ms. */
  readonly halfLifeMs: number;
  /** Channels that last_non_direct passes over. */
  readonly directChannels: readonly string[];
  /** Name of the conversions or custom events that mark a lead, for w_shaped. */
  readonly lead: string;
  /** Whether different orders have the same ID: then refunds are of the same person's conversions only. */
  readonly reusedOrderIds: boolean;
}

export const DEFAULT_LEAD = "lead";

/** The longest window of all, ms: older touchpoints need not be looked at. Infinity where one has no bound. */
export function longestWindowMs(rules: JourneyRules): number {
  const all = [rules, ...rules.windows.values()];
  return Math.max(
    ...all.flatMap(({ clickWindowMs, viewWindowMs }) => [clickWindowMs, viewWindowMs]),
  );
}

/** The rules about the names that the names in them stand for. */
export function namedRules(rules: JourneyRules, names: Names | undefined): JourneyRules {
  if (names === undefined) return rules;
  const leaveOut = rules.leaveOut.map(({ dimension, value }) => ({
    dimension,
    value: names.of(dimension, value),
  }));
  return { ...rules, leaveOut };
}

/** The touchpoints' columns that the rows, the rules and the models read. */
export function touchColumns(
  { leaveOut }: JourneyRules,
  by: readonly AttributionDimension[],
): readonly DimensionField[] {
  const left = leaveOut.map(({ dimension }) => dimension);
  return [...new Set(["channel" as const, ...touchDimensionsOf(by), ...left])].sort();
}
