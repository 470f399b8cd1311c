import type { Path } from "./path.ts";

/** Types of touchpoints. */
export const TOUCH_TYPES = ["impression", "click", "visit"] as const;

export type TouchType = (typeof TOUCH_TYPES)[number];

/** A path with the fields that only models on demand read; the stream's models need `Path` alone. */
export interface JourneyPath extends Path {
  /** Channel of each touchpoint. */
  readonly channels: readonly string[];
  /** Type of each touchpoint. */
  readonly types: readonly TouchType[];
  /**
   * The touchpoint that created the lead: the last one no later than the user's first lead event. Not an
   * index of the path where there was no lead, or it came before the path.
   */
  readonly leadIndex: number;
}
