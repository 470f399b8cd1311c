import { setTimeout as sleep } from "node:timers/promises";
import { ATTRIBUTION_GROUP, eventsKey } from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import { isGroupLost, StreamsError } from "../errors.ts";
import { FactEraser, type WaitingErasures } from "../fact-log/eraser.ts";
import type { Lease } from "../ownership/lease.ts";
import type { Admission } from "../partition/admission.ts";
import { OutboxRelay } from "../partition/outbox.ts";
import type { PartitionProcessor } from "../partition/processor.ts";
import { duplicateForBlocking, type RedisClient, waitUntilReady } from "../redis/client.ts";
import { compareEntryIds } from "../redis/entry-id.ts";
import { claimPending, deliveriesOf, readGroup, type StreamEntry } from "../redis/read-group.ts";
import { BatchProcessor } from "./batch-processor.ts";
import { takeBatch } from "./batches.ts";
import { Committer } from "./committer.ts";
import { GroupMender } from "./group-mender.ts";
import { LossWatch } from "./loss-watch.ts";
import type { ConsumerOptions } from "./options.ts";
import { ReadSize } from "../redis/read-size.ts";
import { Rebuilder } from "./rebuilder.ts";
import { IllegalTransitionError, memoryOf } from "./state.ts";
import { ConsumerStateMachine } from "./state-machine.ts";
import { Suspects } from "./suspects.ts";
import { Trimmer } from "./trimmer.ts";

const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 1000;
/** While there is no memory for more, how often it is looked whether there is. */
const ROOM_POLL_MS = 100;

/**
 * The loop of one owned partition: rebuild, claim what a former owner left, then read, compute, commit. What it may do
 * next is in state.ts.
 */
export class PartitionConsumer {
  readonly lease: Lease;
  readonly #client: RedisClient;
  readonly #processor: PartitionProcessor;
  readonly #options: ConsumerOptions;
  readonly #logger: Logger;
  readonly #outbox: OutboxRelay;
  readonly #eraser: FactEraser;
  readonly #machine: ConsumerStateMachine;
  readonly #rebuilder: Rebuilder;
  readonly #suspects: Suspects;
  readonly #trimmer: Trimmer;
  readonly #committer: Committer;
  readonly #mender: GroupMender;
  readonly #batches: BatchProcessor;
  readonly #readSize: ReadSize;
  readonly #eventsKey: string;
  #blocking: RedisClient | undefined;

  /** @param lastProgressMs when the partition last made progress, where an earlier loop of this member failed; else now */
  constructor(
    client: RedisClient,
    lease: Lease,
    processor: PartitionProcessor,
    options: ConsumerOptions,
    logger: Logger,
    lastProgressMs: number,
  ) {
    const { partition, epoch } = lease;
    const own = logger.child({ partition, epoch });
    const machine = new ConsumerStateMachine(lastProgressMs);
    const outbox = new OutboxRelay(client, partition, options.replicaWait, own);
    const eraser = new FactEraser(client, lease, options.erasedAfterMs, own);
    const rebuilder = new Rebuilder(client, partition, processor, options, machine);
    const suspects = new Suspects(client, lease, options, own);
    const { trimIntervalMs } = options;
    const losses = new LossWatch(client, partition, options.observer, own);
    const trimmer = new Trimmer(client, partition, trimIntervalMs, machine, rebuilder, losses, own);
    const committer = new Committer(client, lease, machine, trimmer, own);
    this.lease = lease;
    this.#client = client;
    this.#processor = processor;
    this.#options = options;
    this.#logger = own;
    this.#outbox = outbox;
    this.#eraser = eraser;
    this.#machine = machine;
    this.#rebuilder = rebuilder;
    this.#suspects = suspects;
    this.#trimmer = trimmer;
    this.#committer = committer;
    this.#mender = new GroupMender(client, lease, options, machine, committer, own);
    this.#batches = new BatchProcessor({
      lease,
      processor,
      machine,
      suspects,
      rebuilder,
      committer,
      trimmer,
      outbox,
      eraser,
      maxCommitBytes: options.maxCommitBytes,
      logger: own,
    });
    this.#readSize = new ReadSize(options.maxEntries, options.maxReadBytes);
    this.#eventsKey = eventsKey(partition);
  }

  /** Runs until {@link stop} or until the partition is another's. The processor has forgotten the partition then. */
  async run(): Promise<void> {
    const blocking = duplicateForBlocking(this.#client, this.#options.blockMs);
    this.#blocking = blocking;
    let backoffMs = FIRST_BACKOFF_MS;
    // Messages that the owner before did not relay.
    this.#outbox.wake();
    try {
      while (!this.#machine.isEnding) {
        try {
          await this.#turn(blocking);
          backoffMs = FIRST_BACKOFF_MS;
        } catch (error) {
          this.#fail(error);
          if (this.#machine.isEnding) break;
          await sleep(backoffMs);
          backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
          await waitUntilReady(this.#client, MAX_BACKOFF_MS);
        }
      }
    } finally {
      blocking.disconnect();
      await this.#outbox.stop();
      await this.#suspects.takeTryBack();
      await this.#processor.forget(this.lease.partition);
    }
    this.#machine.on("end");
  }

  /** Finishes the batch in hand and ends the loop. */
  stop(): void {
    this.#machine.on("stop");
    // A read that waits would hold up the hand-over; entries it may just have been given are claimed by the next owner.
    this.#blocking?.disconnect();
  }

  /** The lease was lost: nothing more is written. */
  lose(): void {
    this.#machine.on("lose");
    this.#blocking?.disconnect();
  }

  /** Erasures of which the fact log still has what they erased. */
  get erasures(): WaitingErasures {
    return this.#eraser.waiting;
  }

  /** Whether the lease was found lost. */
  get lost(): boolean {
    return this.#machine.isLost;
  }

  /** When the partition last made progress or had nothing to do, ms on the monotonic clock. */
  get lastProgressMs(): number {
    return this.#machine.lastProgressMs;
  }

  #fail(error: unknown): void {
    if (error instanceof IllegalTransitionError) {
      // The loop ends with it, and whoever takes the partition next begins with nothing in memory.
      this.#machine.on("stop");
      this.#machine.on("fail");
      throw error;
    }
    if (error instanceof StreamsError && (error.code === "fenced" || error.code === "conflict")) {
      if (!this.#machine.isEnding) this.#logger.warn({ code: error.code }, error.message);
      this.#machine.on("lose");
      return;
    }
    this.#machine.on("fail");
    // The group is made again, and said to be, when the consumer recovers.
    if (this.#machine.isEnding || isGroupLost(error)) return;
    const rebuild = memoryOf(this.#machine.state) !== "committed";
    this.#logger.warn({ err: error, rebuild }, "partition failed, recovering");
  }

  async #turn(blocking: RedisClient): Promise<void> {
    const { kind } = this.#machine.state;
    if (kind === "owning" || kind === "failed") await this.#recover();
    if (this.#machine.isEnding) return;
    const { admission, maxOutboxEntries } = this.#options;
    if (admission?.mayRead === false) await this.#waitForRoom(admission);
    else if (this.#outbox.waiting > maxOutboxEntries) await this.#waitForOutbox();
    else await this.#readAndProcess(blocking);
    await this.#eraser.step();
  }

  /** Brings memory to exactly what is committed, then takes over what anybody read and did not commit. */
  async #recover(): Promise<void> {
    // A lost connection between two batches leaves memory right: only what was read in vain must be claimed.
    if (memoryOf(this.#machine.state) === "committed") this.#machine.on("claim");
    else {
      const startedAt = performance.now();
      this.#machine.on("restore");
      const blocks = await this.#rebuilder.rebuild();
      if (blocks > 0) {
        const elapsedMs = Math.round(performance.now() - startedAt);
        this.#logger.info({ blocks, elapsedMs }, "partition rebuilt from its fact log");
      }
    }
    await this.#claim();
  }

  /** Takes over, in the state claiming, what anybody read and did not commit. */
  async #claim(): Promise<void> {
    await this.#mender.mend();
    if (this.#machine.isEnding) return;
    this.#suspects.clear();
    const pages = claimPending(this.#client, this.#eventsKey, {
      ...this.#readOptions,
      minIdleMs: 0,
    });
    for await (const entries of pages) {
      if (this.#machine.isEnding) return;
      this.#suspects.noteDeliveries(
        await deliveriesOf(this.#client, this.#eventsKey, ATTRIBUTION_GROUP, entries),
      );
      await this.#processAll(entries);
    }
    this.#machine.on("claimed");
  }

  get #readOptions() {
    return {
      group: ATTRIBUTION_GROUP,
      consumer: this.lease.worker,
      count: this.#readSize.entries,
    };
  }

  async #readAndProcess(blocking: RedisClient): Promise<void> {
    const ready = await waitUntilReady(blocking, MAX_BACKOFF_MS);
    if (!ready) throw new Error("no connection to Redis");
    // While the log is rewritten it is not waited for what comes: each turn does a part of both.
    const blockMs = this.#eraser.isAtWork ? 1 : this.#options.blockMs;
    const reads = { ...this.#readOptions, blockMs };
    const found = await readGroup(blocking, [[this.#eventsKey, ">"]], reads);
    const entries = found.get(this.#eventsKey);
    if (entries === undefined) await this.#idle();
    else await this.#processAll(entries);
  }

  /** Nothing came: looks for entries that a fenced worker read after it had lost the partition, or that nobody is given. */
  async #idle(): Promise<void> {
    this.#trimmer.noteIdle();
    await this.#trimWhileRunning();
    const key = this.#eventsKey;
    const summary = await this.#client.xpending(key, ATTRIBUTION_GROUP);
    if (Number(summary[0]) === 0) {
      // Entries that nobody has been given have just come, or the group was set past them.
      const { committedId } = this.#committer;
      const waiting = await this.#client.xrange(key, `(${committedId}`, "+", "COUNT", 1);
      if (waiting.length === 0) {
        this.#machine.progress();
        return;
      }
    }
    if (this.#machine.isEnding) return;
    this.#machine.on("claim");
    await this.#claim();
  }

  async #processAll(entries: StreamEntry[]): Promise<void> {
    this.#readSize.note(entries);
    const sorted = entries.toSorted((a, b) => compareEntryIds(a.id, b.id));
    const pending = await this.#mender.withoutCommitted(sorted);
    const mustBeAlone = ({ id }: StreamEntry): boolean => this.#suspects.mustBeAlone(id);
    while (pending.length > 0 && !this.#machine.isEnding) {
      const { maxEntries } = this.#batches;
      const batch = takeBatch(pending, this.#options.maxBatchEvents, maxEntries, mustBeAlone);
      this.#suspects.noteBatch();
      this.#machine.on("batch");
      pending.unshift(...(await this.#batches.process(batch)));
    }
  }

  /** There is no memory for more: frees what can be freed, and reads nothing. */
  async #waitForRoom(admission: Admission): Promise<void> {
    // The worker says why nothing is read; that the partition is stuck would be another matter.
    this.#machine.progress();
    this.#trimmer.keep(admission.relief(this.lease.partition));
    await this.#trimWhileRunning();
    await sleep(ROOM_POLL_MS);
  }

  /** Too many messages to other partitions wait: what would add to them waits as well. */
  async #waitForOutbox(): Promise<void> {
    // It is another partition's node that is unavailable: starting this worker again would not help.
    this.#machine.progress();
    await sleep(ROOM_POLL_MS);
  }

  async #trimWhileRunning(): Promise<void> {
    this.#machine.on("trim");
    await this.#trimmer.trim();
  }
}
