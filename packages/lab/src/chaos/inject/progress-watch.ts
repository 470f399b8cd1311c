import { eventsKey, factsKey, stateKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import type { Redis } from "ioredis";
import { pause } from "@tributary/platform/client";

const POLL_MS = 20;

/** What has to go on again after a fault. */
export type Stage = "attribution" | "warehouse";

interface Waiter {
  readonly stage: Stage;
  readonly sinceMs: number;
  readonly resolve: (atMs: number) => void;
}

/**
 * Looks at Redis itself, past every proxy, to see when work goes on in every partition, and how long entries take from
 * their arrival to their commit. Times are this machine's clock, which is also that of the entry IDs.
 */
export class ProgressWatch {
  readonly #redis: Redis;
  readonly #partitions: number;
  readonly #waiters = new Set<Waiter>();
  readonly #abort = new AbortController();
  /** Of each partition: an entry whose commit is awaited, for its latency. */
  readonly #markers = new Map<number, string>();
  readonly #latencies: { readonly atMs: number; readonly ms: number }[] = [];
  #loop: Promise<void> = Promise.resolve();

  constructor(redis: Redis, partitions: number) {
    this.#redis = redis;
    this.#partitions = partitions;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /**
   * Waits until every partition has done something that arrived after a moment: committed an entry, or loaded a fact.
   * @returns when that was seen, ms since 1970, or undefined where it was not within the time
   */
  async workedSince(stage: Stage, sinceMs: number, timeoutMs: number): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const waiter = { stage, sinceMs, resolve };
    this.#waiters.add(waiter);
    const limit = new AbortController();
    const late = pause(timeoutMs, limit.signal).then(() => undefined);
    const atMs = await Promise.race([promise, late]);
    limit.abort();
    this.#waiters.delete(waiter);
    return atMs;
  }

  /** Times from an entry's arrival in Redis to its commit as sampled since a moment, ms, ascending. */
  latenciesSince(sinceMs: number): number[] {
    return this.#latencies
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ ms }) => ms)
      .toSorted((a, b) => a - b);
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#look();
      } catch {
        // Redis is away: that is what is being watched.
      }
      await pause(POLL_MS, this.#abort.signal);
    }
  }

  async #look(): Promise<void> {
    const committed = await this.#positions();
    const atMs = Date.now();
    await this.#sampleLatency(committed, atMs);
    const oldest = new Map<Stage, number>([["attribution", Math.min(...committed.map(timeOf))]]);
    if ([...this.#waiters].some(({ stage }) => stage === "warehouse")) {
      oldest.set("warehouse", Math.min(...(await this.#loadedUntil())));
    }
    for (const waiter of this.#waiters) {
      if ((oldest.get(waiter.stage) ?? 0) > waiter.sinceMs) waiter.resolve(Date.now());
    }
  }

  async #positions(): Promise<string[]> {
    const pipeline = this.#redis.pipeline();
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      pipeline.hget(stateKey(partition), "position");
    }
    return (await answersOf(pipeline.exec())).map((position) =>
      typeof position === "string" ? position : "0-0",
    );
  }

  async #sampleLatency(committed: readonly string[], atMs: number): Promise<void> {
    const free: number[] = [];
    for (const [partition, position] of committed.entries()) {
      const marker = this.#markers.get(partition);
      if (marker !== undefined && isBefore(position, marker)) continue;
      if (marker !== undefined)
        this.#latencies.push({ atMs, ms: Math.max(0, atMs - timeOf(marker)) });
      this.#markers.delete(partition);
      free.push(partition);
    }
    const pipeline = this.#redis.pipeline();
    for (const partition of free) pipeline.xrevrange(eventsKey(partition), "+", "-", "COUNT", 1);
    const newest = await answersOf(pipeline.exec());
    for (const [i, partition] of free.entries()) {
      const id = (newest[i] as [string, unknown][] | undefined)?.[0]?.[0];
      if (id !== undefined && isBefore(committed[partition] ?? "0-0", id)) {
        this.#markers.set(partition, id);
      }
    }
  }

  /** Of each partition: the arrival of the newest fact block up to which all are loaded, ms. */
  async #loadedUntil(): Promise<number[]> {
    const pipeline = this.#redis.pipeline();
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      pipeline.xinfo("GROUPS", factsKey(partition));
      pipeline.xpending(factsKey(partition), WAREHOUSE_GROUP);
    }
    const answers = await answersOf(pipeline.exec());
    return Array.from({ length: this.#partitions }, (_, partition) => {
      const group = (answers[partition * 2] as unknown[][])[0];
      // A group that was lost has loaded nothing until it is made again.
      if (group === undefined) return 0;
      const delivered = String(group[group.indexOf("last-delivered-id") + 1]);
      const [count, first] = answers[partition * 2 + 1] as [number, string | null];
      return count > 0 && first !== null ? timeOf(first) - 1 : timeOf(delivered);
    });
  }
}

async function answersOf(
  exec: Promise<[error: Error | null, result: unknown][] | null>,
): Promise<unknown[]> {
  return ((await exec) ?? []).map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
}

function timeOf(id: string): number {
  return Number(id.split("-")[0]);
}

function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aSeq = 0] = a.split("-").map(Number);
  const [bMs = 0, bSeq = 0] = b.split("-").map(Number);
  return aMs < bMs || (aMs === bMs && aSeq < bSeq);
}
