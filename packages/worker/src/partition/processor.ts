import {
  type CommitOutcome,
  entryTimeMs,
  MemoryLostError,
  OutOfMemoryError,
  type PartitionProcessor,
  PoisonEntryError,
  type Retention,
  type StreamEntry,
} from "@tributary/streams";
import type { IdentityCounts, TenantCounts } from "@tributary/attribution";
import type { Logger } from "@tributary/telemetry";
import { booksField, DIMENSION_FIELDS, REVISION_REASONS } from "@tributary/protocol";
import type { BatchTrace } from "./batch-trace.ts";
import type { ProcessedReply, StateSize } from "../threads/messages.ts";
import type { WorkerMetrics } from "../metrics.ts";
import { packBlocks } from "../threads/packed-blocks.ts";
import { FactRetention } from "./retention.ts";
import { isHeapFull, type ThreadPool } from "../threads/pool.ts";

export interface ProcessorOptions {
  readonly horizonMs: number;
  readonly factsKeptMs: number;
}

type NamedCount = readonly [name: string, count: keyof TenantCounts];

/** The bounds that drop events, and where their count is found. */
const DROPS: readonly NamedCount[] = [
  ["conversions_per_user", "droppedConversionsPerUser"],
  ["touchpoints_per_user", "droppedTouchpointsPerUser"],
  ["direct_visits_per_user", "droppedDirectVisitsPerUser"],
  ["custom_per_user", "droppedCustomPerUser"],
  ["identifies_per_user", "droppedIdentifiesPerUser"],
  ["facts_per_partition", "droppedFactsPerPartition"],
  ["users_per_partition", "droppedUsersPerPartition"],
];

/** Reasons for which identity resolution refused a link, and where the count is found. */
const REFUSALS = [
  ["blocked", "blocked"],
  ["limit", "overLimit"],
  ["other_user", "otherUser"],
  ["full", "full"],
] as const;

/** Names of the books' counters after `books:<tenant>:`, and where their increment is found. */
const BOOKS: readonly NamedCount[] = [
  ["accepted", "accepted"],
  ["duplicate", "duplicate"],
  ["processed", "processed"],
  ...DROPS.map(([bound, count]): NamedCount => [`dropped_${bound}`, count]),
  ["late", "late"],
  ["unmatched_refunds", "unmatchedRefunds"],
  ["duplicate_orders", "duplicateOrders"],
  ["erased", "erased"],
];

/** Computes partitions' batches on the compute threads. */
export class AttributionProcessor implements PartitionProcessor {
  readonly #threads: ThreadPool;
  readonly #trace: BatchTrace;
  readonly #metrics: WorkerMetrics;
  readonly #options: ProcessorOptions;
  readonly #logger: Logger;
  readonly #retentions = new Map<number, FactRetention>();
  readonly #replies = new Map<number, ProcessedReply>();
  readonly #sizes = new Map<number, StateSize>();
  /** Bytes of the strings that the partitions of a thread share, by thread. */
  readonly #vocabularyBytes = new Map<number, number>();

  constructor(
    threads: ThreadPool,
    trace: BatchTrace,
    metrics: WorkerMetrics,
    options: ProcessorOptions,
    logger: Logger,
  ) {
    this.#threads = threads;
    this.#trace = trace;
    this.#metrics = metrics;
    this.#options = options;
    this.#logger = logger;
  }

  /** Facts, users and bytes held over all partitions; the bytes include those of the vocabularies. */
  get stateSize(): StateSize {
    const sizes = [...this.#sizes.values()];
    const sum = (of: "facts" | "users" | "bytes"): number =>
      sizes.reduce((total, size) => total + size[of], 0);
    const vocabularyBytes = [...this.#vocabularyBytes.values()].reduce((all, own) => all + own, 0);
    return {
      facts: sum("facts"),
      users: sum("users"),
      bytes: sum("bytes") + vocabularyBytes,
      vocabularyBytes,
    };
  }

  /** Bytes that a partition's tables hold. */
  partitionBytes(partition: number): number {
    return this.#sizes.get(partition)?.bytes ?? 0;
  }

  /** What of a partition's fact log can go where memory is scarce. */
  relief(partition: number): Retention {
    return this.#retention(partition).decide(Date.now(), true);
  }

  async restore(partition: number, blocks: readonly StreamEntry[], begins: boolean): Promise<void> {
    const startedAt = performance.now();
    const packed = packBlocks(blocks.map(({ block }) => block));
    const arrivedMs = blocks.map(({ id, position = id }) => entryTimeMs(position));
    const reply = await this.#threads.run(
      { kind: "restore", partition, blocks: packed, arrivedMs, continues: !begins },
      [packed.bytes.buffer],
    );
    if (reply.status === "unknownPartition") throw new MemoryLostError(partition);
    if (reply.status !== "restored")
      throw new Error(`restore: the thread answered ${reply.status}`);
    const retention = this.#retention(partition);
    for (const [i, { counts, unreadable }] of reply.blocks.entries()) {
      const { id, count } = blocks[i] as StreamEntry;
      retention.add(id, counts);
      if (unreadable === undefined) continue;
      // The reports service reads the log as well, and keeps it as a dead letter: here it is said that it is missed.
      this.#metrics.tributary_unreadable_fact_blocks_total.inc();
      this.#logger.error(
        { partition, facts: id, count, reason: unreadable },
        "a block of the fact log cannot be read to its end: the partition is rebuilt without its facts",
      );
    }
    this.#setSize(partition, reply.state);
    if (blocks.length === 0) return;
    this.#metrics.tributary_rebuild_seconds.observe((performance.now() - startedAt) / 1000);
    this.#metrics.tributary_rebuild_facts_total.inc(
      blocks.reduce((sum, { count }) => sum + count, 0),
    );
  }

  async process(partition: number, entries: readonly StreamEntry[]) {
    const trace = this.#trace.begin(partition, entries);
    try {
      const packed = packBlocks(entries.map(({ block }) => block));
      const reply = await this.#threads.run(
        {
          kind: "process",
          partition,
          entries: packed,
          arrivedMs: entries.map(({ id }) => entryTimeMs(id)),
          ...(trace === undefined ? {} : { trace }),
        },
        [packed.bytes.buffer],
      );
      if (reply.status === "badEntry") throw new PoisonEntryError(reply.index, reply.reason);
      if (reply.status === "unknownPartition") throw new MemoryLostError(partition);
      if (reply.status !== "processed")
        throw new Error(`process: the thread answered ${reply.status}`);
      this.#trace.computed(partition, reply);
      this.#replies.set(partition, reply);
      return {
        entries: reply.entries,
        facts:
          reply.facts === undefined ? undefined : { count: reply.factCount, bytes: reply.facts },
        records: reply.records,
        erases: reply.erases,
        messages: reply.messages,
        results: reply.results,
        books: booksOf(reply.counts),
      };
    } catch (error) {
      this.#trace.failed(partition, error);
      if (!isHeapFull(error)) throw error;
      this.#logger.error(
        { partition, entries: entries.length },
        "a compute thread's heap is full, see TRIBUTARY_THREAD_HEAP_MB; no entry is held to be at fault",
      );
      throw new OutOfMemoryError(partition);
    }
  }

  async forget(partition: number): Promise<void> {
    this.#retentions.delete(partition);
    this.#replies.delete(partition);
    this.#sizes.delete(partition);
    await this.#threads.run({ kind: "forget", partition });
  }

  committed(partition: number, factsId: string, outcome: CommitOutcome): Retention {
    this.#trace.committed(partition, factsId, outcome);
    const reply = this.#replies.get(partition);
    this.#replies.delete(partition);
    const retention = this.#retention(partition);
    if (reply !== undefined) {
      if (factsId !== "") retention.add(factsId, reply.counts);
      this.#setSize(partition, reply.state);
      this.#count(reply);
    }
    this.#metrics.tributary_batches_total.inc({
      outcome: outcome.deadLetters.length > 0 ? "dead_letter" : "ok",
    });
    this.#metrics.tributary_batch_events.observe(
      outcome.entries.reduce((sum, { count }) => sum + count, 0),
    );
    this.#metrics.tributary_commit_seconds.observe(
      (outcome.finishedAtMs - outcome.commitStartedAtMs) / 1000,
    );
    if (outcome.deadLetters.length > 0) {
      this.#metrics.tributary_dead_letters_total.inc(
        { reason: "entry" },
        outcome.deadLetters.length,
      );
    }
    return retention.decide(outcome.finishedAtMs);
  }

  #setSize(partition: number, size: StateSize): void {
    this.#sizes.set(partition, size);
    this.#vocabularyBytes.set(this.#threads.threadOf(partition), size.vocabularyBytes);
  }

  #retention(partition: number): FactRetention {
    let retention = this.#retentions.get(partition);
    if (retention === undefined) {
      retention = new FactRetention(this.#options.horizonMs, this.#options.factsKeptMs);
      this.#retentions.set(partition, retention);
    }
    return retention;
  }

  #countIdentity(counts: IdentityCounts): void {
    const { made, withdrawn, forwarded, erased } = counts;
    if (made > 0) this.#metrics.tributary_identity_links_total.inc({ outcome: "made" }, made);
    if (withdrawn > 0) {
      this.#metrics.tributary_identity_links_total.inc({ outcome: "withdrawn" }, withdrawn);
    }
    for (const [reason, count] of REFUSALS) {
      if (counts[count] > 0) {
        this.#metrics.tributary_identity_links_refused_total.inc({ reason }, counts[count]);
      }
    }
    this.#metrics.tributary_identity_facts_forwarded_total.inc(forwarded);
    this.#metrics.tributary_erasures_total.inc(erased);
  }

  #count(reply: ProcessedReply): void {
    this.#metrics.tributary_compute_seconds.observe(
      (reply.finishedAtMs - reply.startedAtMs) / 1000,
    );
    for (const counts of Object.values(reply.counts)) {
      this.#metrics.tributary_events_processed_total.inc(counts.processed);
      this.#metrics.tributary_events_duplicate_total.inc(counts.duplicate);
      this.#metrics.tributary_events_late_total.inc(counts.late);
      this.#metrics.tributary_refunds_unmatched_total.inc(counts.unmatchedRefunds);
      this.#metrics.tributary_duplicate_orders_total.inc(counts.duplicateOrders);
      this.#metrics.tributary_erased_facts_total.inc(counts.erased);
      for (const [bound, count] of DROPS) {
        if (counts[count] > 0) {
          this.#metrics.tributary_events_dropped_total.inc({ bound }, counts[count]);
        }
      }
    }
    this.#countIdentity(reply.identity);
    for (const [i, count] of reply.overflowed.entries()) {
      const dimension = DIMENSION_FIELDS[i] ?? "other";
      if (count > 0)
        this.#metrics.tributary_vocabulary_overflow_values_total.inc({ dimension }, count);
    }
    for (const [i, count] of reply.attributed.entries()) {
      const reason = REVISION_REASONS[i] ?? "other";
      if (count > 0) this.#metrics.tributary_conversions_attributed_total.inc({ reason }, count);
    }
  }
}

function booksOf(byTenant: Readonly<Record<string, TenantCounts>>): Map<string, number> {
  const books = new Map<string, number>();
  for (const [tenant, counts] of Object.entries(byTenant)) {
    for (const [name, count] of BOOKS) {
      if (counts[count] > 0) books.set(booksField(tenant, name), counts[count]);
    }
  }
  return books;
}
