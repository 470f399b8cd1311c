import type { Logger } from "@tributary/telemetry";
import type { FactEraser } from "../fact-log/eraser.ts";
import type { Lease } from "../ownership/lease.ts";
import type { Commit, DeadLetter } from "../partition/commit.ts";
import type { OutboxRelay } from "../partition/outbox.ts";
import {
  type Computed,
  MemoryLostError,
  type PartitionProcessor,
  PoisonEntryError,
} from "../partition/processor.ts";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { StreamEntry } from "../redis/read-group.ts";
import { deadLetterBooks } from "../watch/books.ts";
import type { Committer } from "./committer.ts";
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

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  /** Processes a batch, from the state judging on. @throws whatever keeps it from being committed */
  async process(batch: readonly StreamEntry[]): Promise<void> {
    const startedAtMs = Date.now();
    const deadLetters: DeadLetter[] = [];
    let good = batch;
    for (;;) {
      try {
        const computed = await this.#compute(good, deadLetters);
        await this.#commit(batch, { ...computed, deadLetters }, startedAtMs);
        return;
      } catch (error) {
        if (!(error instanceof PoisonEntryError)) throw error;
        const entry = good[error.index] as StreamEntry;
        this.#giveUp(entry, error.message, deadLetters);
        good = good.filter((other) => other !== entry);
        // The batch was computed in part: memory must be what is committed before it is computed again.
        const { machine, rebuilder } = this.#parts;
        machine.on("poisoned");
        await rebuilder.rebuild();
        if (machine.isEnding) throw new Error("stopped while rebuilding");
      }
    }
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
      if (!(error instanceof PoisonEntryError || error instanceof MemoryLostError)) {
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
    const commit: Commit = {
      ...computed,
      ids: entries.map(({ id }) => id),
      events: entries.reduce((sum, { count }) => sum + count, 0),
      originMs: Math.min(...entries.map(({ id, originMs }) => originMs ?? entryTimeMs(id))),
      readBefore: wasReadBefore(machine.state),
      books: withDeadLetters(computed.books, computed.deadLetters),
    };
    const commitStartedAtMs = Date.now();
    const { factsId, waiting } = await committer.commit(commit);
    machine.on("committed");
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
