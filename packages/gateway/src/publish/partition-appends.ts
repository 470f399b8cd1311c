import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Backoff } from "@tributary/service";
import {
  type EntryAppender,
  isOutOfMemory,
  type RedisClient,
  StreamsError,
  waitUntilReady,
} from "@tributary/streams";
import type { Logger } from "@tributary/telemetry";
import { GatewayError } from "../errors.ts";

/** What a flush has for one partition. */
export interface PartitionEntry {
  readonly partition: number;
  readonly count: number;
  readonly bytes: Buffer;
}

const MIN_RETRY_MS = 20;
const MAX_RETRY_MS = 160;
/** A Redis without memory gets no entry for this time. */
const FULL_RETRY_SECONDS = 1;

/**
 * Appends entries, and tries again until their deadline. Each partition has a breaker of its own: one node of a cluster may be
 * unavailable while the others answer.
 */
export class PartitionAppends {
  readonly #client: RedisClient;
  readonly #appender: EntryAppender;
  readonly #waitMs: number;
  readonly #logger: Logger;
  /** Since when appends to a partition fail, by performance.now(). */
  readonly #awaySinceMs = new Map<number, number>();
  /** Partitions with an open breaker that one entry is probing. */
  readonly #probed = new Set<number>();
  /** Until when a partition's node without memory gets no entry, by performance.now(). */
  readonly #fullUntilMs = new Map<number, number>();

  /** @param waitMs how long a partition may be unavailable before its entries are refused at once */
  constructor(client: RedisClient, appender: EntryAppender, waitMs: number, logger: Logger) {
    this.#client = client;
    this.#appender = appender;
    this.#waitMs = waitMs;
    this.#logger = logger;
    client.on("ready", () => this.#awaySinceMs.clear());
  }

  /**
   * Appends an entry. An XADD whose reply was lost may be in the stream twice then: the workers remove its events as
   * duplicates.
   * @param deadlineMs by performance.now()
   * @throws GatewayError `redis_away`, `redis_full`, `not_replicated`
   */
  async append(entry: PartitionEntry, deadlineMs: number): Promise<void> {
    const { partition } = entry;
    if (performance.now() < (this.#fullUntilMs.get(partition) ?? 0)) throw redisFull();
    if (!this.#isOpen(partition)) return this.#appendUntil(entry, deadlineMs);
    if (this.#probed.has(partition)) {
      throw new GatewayError("redis_away", "the partition's Redis node is unavailable", 1);
    }
    this.#probed.add(partition);
    try {
      await this.#appendUntil(entry, deadlineMs);
    } finally {
      this.#probed.delete(partition);
    }
  }

  #isOpen(partition: number): boolean {
    const since = this.#awaySinceMs.get(partition);
    return since !== undefined && performance.now() - since >= this.#waitMs;
  }

  async #appendUntil(entry: PartitionEntry, deadlineMs: number): Promise<void> {
    const { partition, count, bytes } = entry;
    const backoff = new Backoff(MIN_RETRY_MS, MAX_RETRY_MS);
    for (;;) {
      try {
        await this.#appender.append(partition, count, bytes);
        this.#awaySinceMs.delete(partition);
        return;
      } catch (error) {
        // The entry is in the stream: another append would double it, and its sender sends it again anyway.
        if (error instanceof StreamsError && error.code === "not_replicated") {
          this.#logger.warn({ partition }, error.message);
          throw new GatewayError("not_replicated", "too few replicas have the events", 1);
        }
        if (isOutOfMemory(error)) {
          this.#logger.error({ err: error, partition }, "Redis has no memory left for events");
          this.#fullUntilMs.set(partition, performance.now() + FULL_RETRY_SECONDS * 1000);
          throw redisFull();
        }
        this.#awaySinceMs.set(partition, this.#awaySinceMs.get(partition) ?? performance.now());
        const remaining = deadlineMs - performance.now();
        if (remaining <= 0) {
          this.#logger.warn({ err: error, partition }, "Redis did not take an entry in time");
          throw new GatewayError("redis_away", "Redis did not answer in time", 1);
        }
        await sleep(Math.min(backoff.fail(), remaining));
        await waitUntilReady(this.#client, deadlineMs - performance.now());
      }
    }
  }
}

function redisFull(): GatewayError {
  return new GatewayError("redis_full", "Redis has reached its maxmemory", FULL_RETRY_SECONDS);
}
