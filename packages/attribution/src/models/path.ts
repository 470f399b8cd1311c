/**
 * A conversion's touchpoints, oldest first: ordered by event time, then by event ID. Only the indexes
 * below `length` mean anything, so that one Path and its arrays serve conversion after conversion.
 */
export interface Path {
  /** How many touchpoints there are; 0 where the conversion is unattributed. */
  length: number;
  /** Conversion time − touch time in milliseconds, 0 or more. */
  ageMs: Float64Array;
  /** 1 where the touchpoint's channel is direct, else 0. */
  isDirect: Uint8Array;
}
