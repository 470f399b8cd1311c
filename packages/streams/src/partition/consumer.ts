import { setTimeout as sleep } from "node:timers/promises";
import { ATTRIBUTION_GROUP, eventsKey, isErasure } from "@tributary/protocol";
import type { Admission } from "./admission.ts";
import { commitBatch, type Commit, type DeadLetter } from "./commit.ts";
import { deadLetterBooks } from "../watch/books.ts";
import { compareEntryIds, entryTimeMs } from "../redis/entry-id.ts";
import { isOutOfMemory, StreamsError } from "../errors.ts";
import { FactEraser, type WaitingErasures } from "../fact-log/eraser.ts";
import { factPages } from "../fact-log/pages.ts";
import type { ReplicaWait } from "../redis/append.ts";
import { OutboxRelay } from "./outbox.ts";
import type { Lease } from "../ownership/lease.ts";
import { claimPending, deliveriesOf, readGroup, type StreamEntry } from "../redis/read-group.ts";
import {
  type Computed,
  MemoryLostError,
  type PartitionProcessor,
  PoisonEntryError,
  type Retention,
} from "./processor.ts";
import { duplicateForBlocking, type RedisClient, waitUntilReady } from "../redis/client.ts";
import type { Logger } from "@tributary/telemetry";
import { trimPartition } from "./trim.ts";
import { countTryAlone, takeTryBack } from "./try-alone.ts";

export interface ConsumerOptions {
  /** So long after an erasure the fact log is rid of what it erased, ms: until then what comes twice is known to have come. */
  readonly erasedAfterMs: number;
  /** Most entries of a read. */
  readonly maxEntries: number;
  /** Most events of a batch; a read with more is split. */
  readonly maxBatchEvents: number;
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
}

export const DEFAULT_CONSUMER_OPTIONS: ConsumerOptions = Object.freeze({
  erasedAfterMs: 3_600_000,
  maxEntries: 64,
  maxBatchEvents: 32_768,
  blockMs: 1000,
  restorePageBytes: 2 << 20,
  trimIntervalMs: 1000,
  suspectDeliveries: 3,
  maxOwnersEnded: 3,
  maxOutboxEntries: 10_000,
});

/** Crashes of the processor on the same entry, alone in its batch, after which it becomes a dead letter. */
const MAX_CRASHES = 2;
const MAX_BACKOFF_MS = 1000;
/** While there is no memory for more, how often it is looked whether there is. */
const ROOM_POLL_MS = 100;
/** How often it is said that Redis is full. */
const SAY_FULL_MS = 10_000;
/** An idle partition is trimmed this often. */
const IDLE_TRIM_MS = 5000;

/** The loop of one owned partition: rebuild, claim what a former owner left, then read, compute, commit. */
export class PartitionConsumer {
  readonly lease: Lease;
  /** When the partition last made progress or had nothing to do, ms on the monotonic clock. */
  lastProgressMs: number;
  readonly #client: RedisClient;
  readonly #processor: PartitionProcessor;
  readonly #options: ConsumerOptions;
  readonly #logger: Logger;
  readonly #outbox: OutboxRelay;
  readonly #eraser: FactEraser;
  #blocking: RedisClient | undefined;
  #position: string;
  #stopping = false;
  #lost = false;
  #crashedId = "";
  #crashes = 0;
  /** While above 0, entries are taken one by one: one of the next ones crashed the processor. */
  #singly = 0;
  /** Entries that were delivered again and again: each is tried alone. */
  readonly #suspects = new Set<string>();
  /** The one of them whose try was written down and not committed; "" where there is none. */
  #triedAlone = "";
  #retention: Retention = { factsFrom: undefined, rebuild: false };
  /** Whether memory is exactly what is committed; false while a batch is computed and not committed. */
  #memoryIsCommitted = false;
  /** While entries are processed that somebody had read before. */
  #readBefore = false;
  #trimDue = false;
  #trimmedAtMs = 0;
  #saidFullMs = -Infinity;

  /** @param lastProgressMs when the partition last made progress, where an earlier loop of this member failed; else now */
  constructor(
    client: RedisClient,
    lease: Lease,
    processor: PartitionProcessor,
    options: ConsumerOptions,
    logger: Logger,
    lastProgressMs: number,
  ) {
    this.lease = lease;
    this.lastProgressMs = lastProgressMs;
    this.#client = client;
    this.#processor = processor;
    this.#options = options;
    this.#logger = logger.child({ partition: lease.partition, epoch: lease.epoch });
    this.#position = lease.position;
    this.#outbox = new OutboxRelay(client, lease.partition, options.replicaWait, this.#logger);
    this.#eraser = new FactEraser(client, lease, options.erasedAfterMs, this.#logger);
  }

  /** Runs until {@link stop} or until the partition is another's. The processor has forgotten the partition then. */
  async run(): Promise<void> {
    this.#blocking = duplicateForBlocking(this.#client, this.#options.blockMs);
    let backoffMs = 10;
    let recover = true;
    // What the owner before did not come to.
    this.#outbox.wake();
    try {
      while (!this.#done) {
        try {
          if (recover) await this.#recover();
          recover = false;
          if (this.#options.admission?.mayRead === false) {
            await this.#waitForRoom(this.#options.admission);
          } else if (this.#outbox.waiting > this.#options.maxOutboxEntries) {
            await this.#waitForOutbox();
          } else await this.#readAndProcess();
          await this.#eraser.step();
          backoffMs = 10;
        } catch (error) {
          if (this.#done) break;
          recover = true;
          this.#handle(error);
          if (this.#done) break;
          await sleep(backoffMs);
          backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
          await waitUntilReady(this.#client, MAX_BACKOFF_MS);
        }
      }
    } finally {
      this.#blocking.disconnect();
      await this.#outbox.stop();
      await this.#takeTryBack();
      await this.#processor.forget(this.lease.partition);
    }
  }

  /** Finishes the batch in hand and ends the loop. */
  stop(): void {
    this.#stopping = true;
    // A read that waits would hold up the hand-over; entries it may just have been given are claimed by the next owner.
    this.#blocking?.disconnect();
  }

  /** The lease was lost: nothing more is written. */
  lose(): void {
    this.#lost = true;
    this.#blocking?.disconnect();
  }

  /** Erasures of which the fact log still has what they erased. */
  get erasures(): WaitingErasures {
    return this.#eraser.waiting;
  }

  /** Whether the lease was found lost. */
  get lost(): boolean {
    return this.#lost;
  }

  get #done(): boolean {
    return this.#stopping || this.#lost;
  }

  #handle(error: unknown): void {
    if (error instanceof StreamsError && (error.code === "fenced" || error.code === "conflict")) {
      this.#logger.warn({ code: error.code }, error.message);
      this.#lost = true;
      return;
    }
    const rebuild = !this.#memoryIsCommitted;
    this.#logger.warn({ err: error, rebuild }, "the partition is recovered");
  }

  /** Brings memory to exactly what is committed, then takes over what anybody read and did not commit. */
  async #recover(): Promise<void> {
    // A lost connection between two batches leaves memory right: only what was read in vain must be claimed.
    if (!this.#memoryIsCommitted) {
      const startedAt = performance.now();
      const blocks = await this.#restore(this.lease.partition);
      if (blocks > 0) {
        const elapsedMs = Math.round(performance.now() - startedAt);
        this.#logger.info({ blocks, elapsedMs }, "partition rebuilt from its fact log");
      }
    }
    await this.#claim();
  }

  async #claim(): Promise<void> {
    const pages = claimPending(this.#client, eventsKey(this.lease.partition), {
      ...this.#readOptions,
      minIdleMs: 0,
    });
    this.#suspects.clear();
    const key = eventsKey(this.lease.partition);
    for await (const entries of pages) {
      if (this.#done) return;
      const deliveries = await deliveriesOf(this.#client, key, ATTRIBUTION_GROUP, entries);
      for (const [id, count] of deliveries) {
        if (count >= this.#options.suspectDeliveries) this.#suspects.add(id);
      }
      this.#readBefore = true;
      try {
        await this.#processAll(entries);
      } finally {
        this.#readBefore = false;
      }
    }
  }

  get #readOptions() {
    return {
      group: ATTRIBUTION_GROUP,
      consumer: this.lease.worker,
      count: this.#options.maxEntries,
    };
  }

  async #readAndProcess(): Promise<void> {
    const key = eventsKey(this.lease.partition);
    const blocking = this.#blocking as RedisClient;
    if (!(await waitUntilReady(blocking, MAX_BACKOFF_MS)))
      throw new Error("no connection to Redis");
    // While the log is rewritten it is not waited for what comes: each turn does a part of both.
    const blockMs = this.#eraser.isAtWork ? 1 : this.#options.blockMs;
    const reads = { ...this.#readOptions, blockMs };
    const entries = (await readGroup(blocking, [[key, ">"]], reads)).get(key);
    if (entries === undefined) {
      await this.#idle();
      return;
    }
    await this.#processAll(entries);
  }

  /** Nothing came: look for entries that a fenced worker read after it had lost the partition. */
  async #idle(): Promise<void> {
    // What the warehouse has acknowledged since the last commit can go as well.
    if (performance.now() - this.#trimmedAtMs > IDLE_TRIM_MS) this.#trimDue = true;
    await this.#trim();
    const key = eventsKey(this.lease.partition);
    const summary = await this.#client.xpending(key, ATTRIBUTION_GROUP);
    if (Number(summary[0]) > 0) {
      await this.#claim();
      return;
    }
    // Only a partition without entries is idle. Where there are some, the next read gives them; should it never do so
    // (the group was set past them, say), the partition is stuck, and health says so.
    const waiting = await this.#client.xrange(key, `(${this.#position}`, "+", "COUNT", 1);
    if (waiting.length === 0) this.lastProgressMs = performance.now();
  }

  async #processAll(entries: StreamEntry[]): Promise<void> {
    const pending = entries.toSorted((a, b) => compareEntryIds(a.id, b.id));
    while (pending.length > 0 && !this.#done) {
      const batch = [pending.shift() as StreamEntry];
      let events = sizeOf(batch[0]);
      const alone = this.#singly > 0 || this.#suspects.has(batch[0]?.id ?? "");
      for (let next = pending[0]; !alone && next !== undefined; next = pending[0]) {
        events += sizeOf(next);
        if (events > this.#options.maxBatchEvents || this.#suspects.has(next.id)) break;
        if (beginsBatch(next)) break;
        batch.push(next);
        pending.shift();
      }
      if (this.#singly > 0) this.#singly -= 1;
      pending.unshift(...(await this.#processBatch(batch)));
    }
  }

  /** @returns the entries that were not computed, as the results of all would be too large */
  async #processBatch(batch: readonly StreamEntry[]): Promise<readonly StreamEntry[]> {
    const startedAtMs = Date.now();
    const deadLetters: DeadLetter[] = [];
    let good = batch;
    for (;;) {
      try {
        const computed = await this.#compute(good, deadLetters);
        const next = good[computed.entries ?? good.length];
        const end = next === undefined ? batch.length : batch.indexOf(next);
        const entries = batch.slice(0, end);
        // A dead letter behind the entries that were computed is found again with those that were not.
        const dead = deadLetters.filter(({ id }) => entries.some((entry) => entry.id === id));
        await this.#commit(entries, { ...computed, deadLetters: dead }, startedAtMs);
        return batch.slice(end);
      } catch (error) {
        if (!(error instanceof PoisonEntryError)) throw error;
        const entry = good[error.index] as StreamEntry;
        this.#logger.error(
          { entry: entry.id, reason: error.message },
          "entry goes to the dead letters",
        );
        deadLetters.push({ ...entry, reason: error.message });
        good = good.filter((other) => other !== entry);
        // The batch was computed in part: memory must be what is committed before it is computed again.
        await this.#restore(this.lease.partition);
        if (this.#done) throw new Error("stopped while rebuilding");
      }
    }
  }

  async #compute(entries: readonly StreamEntry[], deadLetters: DeadLetter[]): Promise<Computed> {
    const nothing: Computed = {
      facts: undefined,
      results: [],
      books: new Map<string, number>(),
    };
    const first = entries[0];
    if (first === undefined) return nothing;
    const reason = entries.length === 1 ? await this.#giveUpReason(first) : undefined;
    if (reason !== undefined) {
      deadLetters.push({ ...first, reason });
      this.#logger.error({ entry: first.id, reason }, "entry goes to the dead letters");
      return nothing;
    }
    this.#memoryIsCommitted = false;
    try {
      return await this.#processor.process(this.lease.partition, entries);
    } catch (error) {
      if (!(error instanceof PoisonEntryError || error instanceof MemoryLostError))
        this.#rememberCrash(entries);
      throw error;
    }
  }

  /** Why an entry that is alone in its batch is not tried again; undefined where it is. */
  async #giveUpReason({ id }: StreamEntry): Promise<string | undefined> {
    if (id === this.#crashedId && this.#crashes >= MAX_CRASHES) {
      return "crashed the compute thread twice";
    }
    if (!this.#suspects.has(id)) return undefined;
    const owners = await countTryAlone(this.#client, this.lease, id);
    this.#triedAlone = id;
    const { maxOwnersEnded } = this.#options;
    if (owners <= maxOwnersEnded) return undefined;
    return `ended the worker ${maxOwnersEnded} times while it was tried alone`;
  }

  /** The loop ends and the process does not: the entry in hand is not at fault. */
  async #takeTryBack(): Promise<void> {
    if (this.#triedAlone === "") return;
    try {
      await takeTryBack(this.#client, this.lease, this.#triedAlone);
    } catch (error) {
      this.#logger.warn({ err: error }, "a try of an entry alone stays counted");
    }
  }

  /** After a crash the batch's entries are taken one by one, until the one at fault has shown itself. */
  #rememberCrash(entries: readonly StreamEntry[]): void {
    const first = entries[0] as StreamEntry;
    if (entries.length > 1) {
      this.#singly = entries.length + 1;
      return;
    }
    this.#singly = 1;
    this.#crashes = first.id === this.#crashedId ? this.#crashes + 1 : 1;
    this.#crashedId = first.id;
  }

  /**
   * Makes memory exactly what the fact log holds.
   * @param factsFrom ID of the oldest block that can still matter; without it all of the log is read
   * @returns how many blocks that was
   */
  async #restore(partition: number, factsFrom?: string): Promise<number> {
    this.#memoryIsCommitted = false;
    await this.#processor.forget(partition);
    // An empty log is restored as well: the processor then holds the partition, if with nothing in it.
    await this.#processor.restore(partition, []);
    let blocks = 0;
    for await (const page of factPages(this.#client, partition, {
      pageBytes: this.#options.restorePageBytes,
      factsFrom,
    })) {
      if (this.#done) break;
      await this.#processor.restore(partition, page);
      this.lastProgressMs = performance.now();
      blocks += page.length;
    }
    this.#memoryIsCommitted = !this.#done;
    this.#options.admission?.rebuilt(partition);
    return blocks;
  }

  /** There is no memory for more: frees what can be freed, and reads nothing. */
  async #waitForRoom(admission: Admission): Promise<void> {
    // The worker says why nothing is read; that the partition is stuck would be another matter.
    this.lastProgressMs = performance.now();
    this.#retention = admission.relief(this.lease.partition);
    this.#trimDue = true;
    await this.#trim();
    await sleep(ROOM_POLL_MS);
  }

  /** Too much waits to be told to other partitions: what else there is to say waits as well. */
  async #waitForOutbox(): Promise<void> {
    // It is another partition's node that is away: starting this worker again would not help.
    this.lastProgressMs = performance.now();
    await sleep(ROOM_POLL_MS);
  }

  /** Commits, and where the reply is lost commits again unchanged until there is one. */
  async #commit(
    entries: readonly StreamEntry[],
    computed: Computed & Pick<Commit, "deadLetters">,
    startedAtMs: number,
  ): Promise<void> {
    const commit: Commit = {
      ...computed,
      ids: entries.map(({ id }) => id),
      events: entries.reduce((sum, { count }) => sum + count, 0),
      originMs: Math.min(...entries.map(({ id, originMs }) => originMs ?? entryTimeMs(id))),
      readBefore: this.#readBefore,
      books: withDeadLetters(computed.books, computed.deadLetters),
    };
    const commitStartedAtMs = Date.now();
    for (let backoffMs = 10; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      if (this.#lost) throw new StreamsError("fenced", "the lease was lost before the commit");
      try {
        const committed = await commitBatch(this.#client, this.lease, this.#position, commit);
        const { factsId } = committed;
        this.#outbox.wake(committed.waiting);
        if (commit.erases === true) this.#eraser.wake();
        this.#position = commit.ids.at(-1) ?? this.#position;
        this.#memoryIsCommitted = true;
        this.#triedAlone = "";
        for (const id of commit.ids) this.#suspects.delete(id);
        this.lastProgressMs = performance.now();
        this.#trimDue = true;
        this.#retention = this.#processor.committed(this.lease.partition, factsId, {
          epoch: this.lease.epoch,
          entries,
          deadLetters: commit.deadLetters,
          startedAtMs,
          commitStartedAtMs,
          finishedAtMs: Date.now(),
        });
        break;
      } catch (error) {
        if (error instanceof StreamsError) throw error;
        if (isOutOfMemory(error)) {
          // Nothing was written: the next owner claims the batch.
          if (this.#stopping) throw error;
          await this.#waitForMemory();
        } else {
          this.#logger.warn({ err: error }, "commit without an answer; it is sent again unchanged");
        }
        await sleep(backoffMs);
        await waitUntilReady(this.#client, MAX_BACKOFF_MS);
      }
    }
    await this.#trim();
  }

  /** Redis has no memory left for the commit: frees what nobody needs any more, and has it sent again. */
  async #waitForMemory(): Promise<void> {
    // That Redis is full is no fault of the partition's, and starting the worker again would not help.
    this.lastProgressMs = performance.now();
    if (this.lastProgressMs - this.#saidFullMs > SAY_FULL_MS) {
      this.#saidFullMs = this.lastProgressMs;
      this.#logger.error("Redis has no memory left for a commit; it is sent again until it has");
    }
    await trimPartition(this.#client, this.lease.partition, this.#retention.factsFrom);
  }

  async #trim(): Promise<void> {
    const now = performance.now();
    if (!this.#trimDue || now - this.#trimmedAtMs < this.#options.trimIntervalMs) return;
    this.#trimDue = false;
    this.#trimmedAtMs = now;
    const { factsFrom, rebuild } = this.#retention;
    await trimPartition(this.#client, this.lease.partition, factsFrom);
    if (rebuild && !this.#done) {
      this.#logger.info("the partition's memory is rebuilt without the facts that were trimmed");
      // While the warehouse is away the log still has them: read again, they would ask for the next rebuild at once.
      await this.#restore(this.lease.partition, factsFrom);
    }
  }
}

/** Rows of an entry, be they events or not. */
function sizeOf(entry: StreamEntry | undefined): number {
  return (entry?.count ?? 0) + (entry?.rows ?? 0);
}

/** Whether an entry is the first of its batch: what is erased is what the batches before it brought. */
function beginsBatch({ rows, block }: StreamEntry): boolean {
  return rows !== undefined && rows > 0 && isErasure(block);
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
