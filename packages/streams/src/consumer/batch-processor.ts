import type { Logger } from "@tributary/telemetry";
import type { FactEraser } from "../fact-log/eraser.ts";
import type { Lease } from "../ownership/lease.ts";
import type { Commit, DeadLetter } from "../partition/commit.ts";
import { sizeOfCommit } from "../partition/commit-size.ts";
import type { OutboxRelay } from "../partition/outbox.ts";
import {
  type Computed,
  MemoryLostError,
  OutOfMemoryError,
  type PartitionProcessor,
  PoisonEntryError,
} from "../partition/processor.ts";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { StreamEntry } from "../redis/read-group.ts";
import { deadLetterBooks } from "../watch/books.ts";
import { type Committer, CommitTooLargeError } from "./committer.ts";
import type { Rebuilder } from "./rebuilder.ts";
import { wasReadBefore } from "./state.ts";
import type { ConsumerStateMachine } from "./state-machine.ts";
import type { Suspects } from "./suspects.ts";
import type { Trimmer } from "./trimmer.ts";

/** What a batch's way to its commit needs. */
export interface BatchParts {
  readonly lease: Lease;
  readonly processor: PartitionProcessor;
  readonly machine: ConsumerStateMachine;
  readonly suspects: Suspects;
  readonly rebuilder: Rebuilder;
  readonly committer: Committer;
  readonly trimmer: Trimmer;
  readonly outbox: OutboxRelay;
  readonly eraser: FactEraser;
  /** As of ConsumerOptions. */
  readonly maxCommitBytes: number;
  readonly logger: Logger;
}

const NOTHING: Computed = Object.freeze({
  facts: undefined,
  results: [],
  books: new Map<string, number>(),
});

/** Computes a batch and commits it, with dead letters of its entries that cannot be processed. */
export class BatchProcessor {
  readonly #parts: BatchParts;

  /** Most entries of a batch: fewer after a commit that was too large. */
  #maxEntries = Infinity;

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  /** Most entries that the next batch should have. */
  get maxEntries(): number {
    return this.#maxEntries;
  }

  /**
   * Processes a batch, from the state judging on.
   * @returns its entries that are left, because the results or the commit of all would be too large
   * @throws whatever keeps it from being committed
   */
  async process(batch: readonly StreamEntry[]): Promise<readonly StreamEntry[]> {
    const startedAtMs = Date.now();
    let part = batch;
    let deadLetters: DeadLetter[] = [];
    for (;;) {
      const given = new Set(deadLetters.map(({ id }) => id));
      const good = part.filter(({ id }) => !given.has(id));
      try {
        const computed = await this.#compute(good, deadLetters);
        const next = good[computed.entries ?? good.length];
        const end = next === undefined ? part.length : part.indexOf(next);
        const entries = part.slice(0, end);
        // A dead letter behind the entries that were computed is found again with those that were not.
        const dead = deadLetters.filter(({ id }) => entries.some((entry) => entry.id === id));
        await this.#commit(entries, { ...computed, deadLetters: dead }, startedAtMs);
        return batch.slice(end);
      } catch (error) {
        if (error instanceof PoisonEntryError) {
          this.#giveUp(good[error.index] as StreamEntry, error.message, deadLetters);
        } else if (error instanceof CommitTooLargeError) {
          const [first, second] = part;
          if (first === undefined || deadLetters.length === part.length) throw error;
          if (second === undefined) this.#giveUp(first, error.message, deadLetters);
          else {
            part = this.#split(part, error.message);
            deadLetters = deadLetters.filter(({ id }) => part.some((entry) => entry.id === id));
          }
        } else throw error;
        // Memory is ahead of the commits: the batch is computed again from the committed facts.
        const { machine, rebuilder } = this.#parts;
        machine.on("discarded");
        await rebuilder.rebuild();
        if (machine.isEnding) throw new Error("stopped while rebuilding");
      }
    }
  }

  #split(part: readonly StreamEntry[], reason: string): readonly StreamEntry[] {
    this.#maxEntries = Math.ceil(part.length / 2);
    this.#parts.logger.warn({ entries: part.length, reason }, "a batch is split");
    return part.slice(0, this.#maxEntries);
  }

  async #compute(entries: readonly StreamEntry[], deadLetters: DeadLetter[]): Promise<Computed> {
    const { lease, machine, processor, suspects } = this.#parts;
    const [first, second] = entries;
    const alone = second === undefined ? first : undefined;
    const reason = alone === undefined ? undefined : await suspects.giveUpReason(alone);
    if (alone !== undefined && reason !== undefined) this.#giveUp(alone, reason, deadLetters);
    if (first === undefined || reason !== undefined) {
      machine.on("giveUp");
      return NOTHING;
    }
    machine.on("compute");
    try {
      const computed = await processor.process(lease.partition, entries);
      machine.on("computed");
      return computed;
    } catch (error) {
      if (error instanceof OutOfMemoryError) suspects.trySingly(entries);
      else if (!(error instanceof PoisonEntryError || error instanceof MemoryLostError)) {
        suspects.noteCrash(entries);
      }
      throw error;
    }
  }

  #giveUp(entry: StreamEntry, reason: string, deadLetters: DeadLetter[]): void {
    this.#parts.logger.error({ entry: entry.id, reason }, "entry goes to the dead letters");
    deadLetters.push({ ...entry, reason });
  }

  async #commit(
    entries: readonly StreamEntry[],
    computed: Computed & Pick<Commit, "deadLetters">,
    startedAtMs: number,
  ): Promise<void> {
    const { lease, machine, processor, suspects, committer, trimmer, outbox, eraser } = this.#parts;
    const { maxCommitBytes } = this.#parts;
    const commit: Commit = {
      ...computed,
      ids: entries.map(({ id }) => id),
      events: entries.reduce((sum, { count }) => sum + count, 0),
      originMs: Math.min(...entries.map(({ id, originMs }) => originMs ?? entryTimeMs(id))),
      readBefore: wasReadBefore(machine.state),
      books: withDeadLetters(computed.books, computed.deadLetters),
    };
    const { totalBytes } = sizeOfCommit(commit);
    if (totalBytes > maxCommitBytes && entries.length > 1) {
      throw new CommitTooLargeError(
        `its commit of ${totalBytes} bytes is more than ${maxCommitBytes}`,
      );
    }
    const commitStartedAtMs = Date.now();
    const { factsId, waiting } = await committer.commit(commit);
    machine.on("committed");
    if (totalBytes * 4 < maxCommitBytes) this.#maxEntries *= 2;
    machine.progress();
    outbox.wake(waiting);
    if (commit.erases === true) eraser.wake();
    suspects.noteCommit(commit.ids);
    trimmer.keep(
      processor.committed(lease.partition, factsId, {
        epoch: lease.epoch,
        entries,
        deadLetters: commit.deadLetters,
        startedAtMs,
        commitStartedAtMs,
        finishedAtMs: Date.now(),
      }),
    );
    await trimmer.trim();
  }
}

/** The books of what was computed, and of what was not. */
function withDeadLetters(
  books: ReadonlyMap<string, number>,
  deadLetters: readonly DeadLetter[],
): ReadonlyMap<string, number> {
  if (deadLetters.length === 0) return books;
  const sum = new Map(books);
  for (const { block, count } of deadLetters) {
    for (const [field, events] of deadLetterBooks(block, count)) {
      sum.set(field, (sum.get(field) ?? 0) + events);
    }
  }
  return sum;
}
