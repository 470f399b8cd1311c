import type { Commit, DeadLetter } from "./commit.ts";
import type { StreamEntry } from "../redis/read-group.ts";

/** A batch's entry that cannot be decoded: it goes to the dead letters, its neighbours are processed again without it. */
export class PoisonEntryError extends Error {
  /** Position in the batch. */
  readonly index: number;

  constructor(index: number, reason: string) {
    super(reason);
    this.name = "PoisonEntryError";
    this.index = index;
  }
}

/** The processor's memory of the partition is gone, through no fault of the batch: a thread died under another's. */
export class MemoryLostError extends Error {
  constructor(partition: number) {
    super(`the memory of partition ${partition} is gone`);
    this.name = "MemoryLostError";
  }
}

/** The processor ran out of memory on a batch, and lost that of the partition. It is no evidence against any entry. */
export class OutOfMemoryError extends Error {
  constructor(partition: number) {
    super(`memory ran out while a batch of partition ${partition} was computed`);
    this.name = "OutOfMemoryError";
  }
}

/** What of the fact log is no longer needed. */
export interface Retention {
  /** ID of the oldest fact block that can still matter; undefined keeps all. */
  readonly factsFrom: string | undefined;
  /** Most of the memory is of facts no longer needed: it should be rebuilt from the trimmed log. */
  readonly rebuild: boolean;
}

/** What a batch led to. */
export type Computed = Omit<
  Commit,
  "ids" | "events" | "originMs" | "readBefore" | "deadLetters"
> & {
  /** Entries that were computed, from the first on: the results of all would be too large. All where it is left out. */
  readonly entries?: number;
};

/** What computes a partition's batches. Its memory runs ahead of the commit, and is forgotten where one is refused. */
export interface PartitionProcessor {
  /**
   * Takes committed fact blocks, oldest first, into memory.
   * @param begins whether memory begins with them; else they follow those of the call before
   * @throws MemoryLostError where it should follow and the memory that was begun is gone
   */
  restore(partition: number, blocks: readonly StreamEntry[], begins: boolean): Promise<void>;
  /** Computes a batch. @throws PoisonEntryError, MemoryLostError, OutOfMemoryError; any other error means that the batch crashed it */
  process(partition: number, entries: readonly StreamEntry[]): Promise<Computed>;
  /** Drops the partition's memory. */
  forget(partition: number): Promise<void>;
  /** A batch was committed; `factsId` is "" where it had no facts. */
  committed(partition: number, factsId: string, outcome: CommitOutcome): Retention;
}

/** The facts of a committed batch for traces and metrics. */
export interface CommitOutcome {
  /** Fencing epoch under which it was made. */
  readonly epoch: string;
  readonly entries: readonly StreamEntry[];
  readonly deadLetters: readonly DeadLetter[];
  readonly startedAtMs: number;
  readonly commitStartedAtMs: number;
  readonly finishedAtMs: number;
}
