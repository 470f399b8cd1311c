import type { ReplicaWait } from "../redis/append.ts";
import type { Admission } from "../partition/admission.ts";

/** What was lost with keys that somebody deleted, or Redis evicted. */
export type LostData = "platform" | "state" | "events" | "facts" | "results";

/** Hears of what an operator should know. */
export interface ConsumerObserver {
  /** A partition's group was made again (`lost`), or entries were read that it had been set past (`set_ahead`). */
  groupMended(partition: number, fault: "lost" | "set_ahead"): void;
  dataLost(what: LostData): void;
}

export interface ConsumerOptions {
  /** Time from an erasure until its rows are removed from the fact log, ms: until then repeated events are recognized. */
  readonly erasedAfterMs: number;
  /** Most entries of a read. */
  readonly maxEntries: number;
  /** About how many bytes a read has at most: it asks for fewer entries where they are large, for one at least. */
  readonly maxReadBytes: number;
  /** Most events of a batch; a read with more is split. */
  readonly maxBatchEvents: number;
  /** Most bytes of a batch's commit; a batch with more is split, as far as it has several entries. */
  readonly maxCommitBytes: number;
  /** How long a read waits for entries, ms. */
  readonly blockMs: number;
  /** About how many bytes of fact blocks are asked for at once while rebuilding. */
  readonly restorePageBytes: number;
  readonly trimIntervalMs: number;
  /** An entry delivered so often without a commit is tried alone from then on: its owners may have died of it. */
  readonly suspectDeliveries: number;
  /** Owners that an entry may end while it is tried alone, before it becomes a dead letter. */
  readonly maxOwnersEnded: number;
  /** Messages to other partitions that may wait; while more do, nothing is read. */
  readonly maxOutboxEntries: number;
  /** Replicas that must have a message before it counts as relayed; without it its node must. */
  readonly replicaWait?: ReplicaWait | undefined;
  /** Bounds the memory; without it there is no bound. */
  readonly admission?: Admission | undefined;
  readonly observer?: ConsumerObserver | undefined;
}

export const DEFAULT_CONSUMER_OPTIONS: ConsumerOptions = Object.freeze({
  erasedAfterMs: 3_600_000,
  maxEntries: 64,
  maxReadBytes: 32 << 20,
  maxBatchEvents: 32_768,
  maxCommitBytes: 64 << 20,
  blockMs: 1000,
  restorePageBytes: 2 << 20,
  trimIntervalMs: 1000,
  suspectDeliveries: 3,
  maxOwnersEnded: 3,
  maxOutboxEntries: 10_000,
});
