/** The streams that the warehouse is loaded from. */
export type FeedStream = "facts" | "results";

/** A fact or result block on its way into the warehouse. */
export interface PolledEntry {
  readonly partition: number;
  readonly stream: FeedStream;
  readonly id: string;
  /** Facts or results in it, as its writer said. */
  readonly count: number;
  /** ID of the last entry of the events that it was made from. */
  readonly position?: string;
  readonly block: Uint8Array;
}
