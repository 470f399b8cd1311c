import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@tributary/telemetry";
import { isOutOfMemory, isRefusedForGood, StreamsError } from "../errors.ts";
import type { Lease } from "../ownership/lease.ts";
import { type RedisClient, waitUntilReady } from "../redis/client.ts";
import { type Commit, commitBatch, type Committed } from "../partition/commit.ts";
import { refusalOfSize, sizeOfCommit } from "../partition/commit-size.ts";
import type { ConsumerStateMachine } from "./state-machine.ts";
import type { Trimmer } from "./trimmer.ts";

/** A smaller commit is never refused for its size. */
const LARGE_BYTES = 1 << 19;

/** A commit that is not taken for its size: its batch must be split. */
export class CommitTooLargeError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "CommitTooLargeError";
  }
}

const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 1000;
/** How often it is said that Redis is full. */
const SAY_FULL_MS = 10_000;

/** Commits a partition's batches one after another, each until there is an answer. */
export class Committer {
  readonly #client: RedisClient;
  readonly #lease: Lease;
  readonly #machine: ConsumerStateMachine;
  readonly #trimmer: Trimmer;
  readonly #logger: Logger;
  #committedId: string;
  #saidFullMs = -Infinity;

  constructor(
    client: RedisClient,
    lease: Lease,
    machine: ConsumerStateMachine,
    trimmer: Trimmer,
    logger: Logger,
  ) {
    this.#client = client;
    this.#lease = lease;
    this.#machine = machine;
    this.#trimmer = trimmer;
    this.#logger = logger;
    this.#committedId = lease.committedId;
  }

  /** ID of the last entry that was committed. */
  get committedId(): string {
    return this.#committedId;
  }

  /** The stream was deleted, or the group was mended: entries behind this ID are not committed. */
  continueFrom(committedId: string): void {
    this.#committedId = committedId;
  }

  /**
   * Commits, and where the reply is lost commits again unchanged until there is one.
   * @throws StreamsError as {@link commitBatch}; CommitTooLargeError; an answer of Redis that it would give again; the refusal of a
   *   full Redis where the consumer is to stop
   */
  async commit(commit: Commit): Promise<Committed> {
    for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      if (this.#machine.isLost) {
        throw new StreamsError("fenced", "the lease was lost before the commit");
      }
      try {
        const committed = await commitBatch(this.#client, this.#lease, this.#committedId, commit);
        this.#committedId = commit.ids.at(-1) ?? this.#committedId;
        return committed;
      } catch (error) {
        if (error instanceof StreamsError) throw error;
        await this.#wait(error, commit);
        await sleep(backoffMs);
        await waitUntilReady(this.#client, MAX_BACKOFF_MS);
      }
    }
  }

  async #wait(error: unknown, commit: Commit): Promise<void> {
    const size = sizeOfCommit(commit);
    if (size.totalBytes >= LARGE_BYTES && (await waitUntilReady(this.#client, MAX_BACKOFF_MS))) {
      const reason = await refusalOfSize(this.#client, size);
      if (reason !== undefined) throw new CommitTooLargeError(reason);
    }
    if (isRefusedForGood(error)) throw error;
    if (!isOutOfMemory(error)) {
      this.#logger.warn({ err: error }, "commit without an answer; it is sent again unchanged");
      return;
    }
    // Nothing was written: the next owner claims the batch.
    if (this.#machine.isEnding) throw error;
    const now = performance.now();
    if (now - this.#saidFullMs > SAY_FULL_MS) {
      this.#saidFullMs = now;
      this.#logger.error("Redis has no memory left for a commit; it is sent again until it has");
    }
    // That Redis is full is no fault of the partition's, and starting the worker again would not help.
    this.#machine.progress();
    await this.#trimmer.trimNow();
  }
}
