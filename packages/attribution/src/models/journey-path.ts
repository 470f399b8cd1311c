import type { Path } from "./path.ts";

/** What a touchpoint was. */
export const TOUCH_TYPES = ["impression", "click", "visit"] as const;

export type TouchType = (typeof TOUCH_TYPES)[number];

/** A path with what only the models computed on demand read; `Path` is what the stream's models need. */
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
