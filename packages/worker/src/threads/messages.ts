import type {
  DescribedResult,
  IdentityCounts,
  JourneyOptions,
  Message,
  RestoredBlock,
  TenantCounts,
} from "@tributary/attribution";
import type { PackedBlocks } from "./packed-blocks.ts";

/** What a compute thread is started with. */
export interface ThreadData {
  readonly journeys: JourneyOptions;
  /** Of the platform. */
  readonly partitions: number;
  /** Secret seed of the thread's tables, below 2^53. */
  readonly seed: number;
  /** Bound on the thread's strings of events, see Vocabulary. */
  readonly vocabularyBytes: number;
}

/** What the main thread asks of a compute thread. */
export type ThreadTask =
  | {
      readonly kind: "process";
      readonly partition: number;
      readonly entries: PackedBlocks;
      /** When each of them arrived, or the last one did, ms since 1970. */
      readonly arrivedMs: number | readonly number[];
      readonly trace?: Uint8Array;
    }
  | {
      readonly kind: "restore";
      readonly partition: number;
      readonly blocks: PackedBlocks;
      /** For each of them when the last entry of its batch arrived, ms since 1970. */
      readonly arrivedMs: readonly number[];
      /** The blocks follow others: a thread that does not hold those refuses them. */
      readonly continues?: boolean;
    }
  | { readonly kind: "forget"; readonly partition: number }
  | { readonly kind: "collect" };

/** What is asked of the thread of one partition. */
export type PartitionTask = Extract<ThreadTask, { readonly partition: number }>;

/** A batch, computed. */
export interface ProcessedReply {
  readonly status: "processed";
  /** Entries computed, from the first on. */
  readonly entries: number;
  readonly facts: Uint8Array | undefined;
  readonly factCount: number;
  /** Further fact blocks. */
  readonly records: readonly Uint8Array[];
  /** To other partitions. */
  readonly messages: readonly Message[];
  readonly identity: IdentityCounts;
  /** Whether the facts begin with records of erasures. */
  readonly erases: boolean;
  readonly results: readonly { readonly count: number; readonly bytes: Uint8Array }[];
  /** Conversions attributed, by reason (index into REVISION_REASONS). */
  readonly attributed: readonly number[];
  /** By dimension: values of the new facts that the vocabulary does not hold. */
  readonly overflowed: readonly number[];
  readonly counts: Readonly<Record<string, TenantCounts>>;
  /** The first results in words, where the batch is traced. */
  readonly described: readonly DescribedResult[];
  /** ms since 1970. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly state: StateSize;
}

/** Size of a partition's state, or of all. */
export interface StateSize {
  readonly facts: number;
  readonly users: number;
  /** Of the tables. */
  readonly bytes: number;
  /** Of the strings of events, which the partitions of a thread share. */
  readonly vocabularyBytes: number;
}

/** What a compute thread answers. Expected failures are values: an error's type does not survive the way between threads. */
export type ThreadReply =
  | ProcessedReply
  | { readonly status: "badEntry"; readonly index: number; readonly reason: string }
  /** The thread does not hold the partition: it is a new one, after another died. */
  | { readonly status: "unknownPartition" }
  | {
      readonly status: "restored";
      readonly blocks: readonly RestoredBlock[];
      readonly state: StateSize;
    }
  | { readonly status: "done" };
