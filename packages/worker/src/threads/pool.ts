import { setTimeout as sleep } from "node:timers/promises";
import { Piscina } from "piscina";
import type { PartitionTask, ThreadData, ThreadReply, ThreadTask } from "./messages.ts";

export interface ThreadPoolOptions {
  readonly threads: number;
  /** JavaScript heap of a thread, MiB. */
  readonly heapMb: number;
  readonly data: ThreadData;
}

/** A replaced thread must answer within this time, ms. */
const REPLACEMENT_MS = 10_000;

/**
 * Compute threads with affinity: a partition's tasks always go to the same thread, which holds its journeys. One Piscina
 * pool of one thread each, because a pool of several gives a task to whichever is free.
 */
export class ThreadPool {
  readonly #pools: Piscina[] = [];
  readonly #onReplaced: (thread: number) => void;
  readonly #onStuck: (thread: number) => void;
  #closed = false;

  /**
   * @param onReplaced told when a thread died and its successor answers
   * @param onStuck told when a thread died and no successor came: the process cannot go on
   */
  constructor(
    options: ThreadPoolOptions,
    onReplaced: (thread: number) => void,
    onStuck: (thread: number) => void,
  ) {
    this.#onReplaced = onReplaced;
    this.#onStuck = onStuck;
    for (let i = 0; i < options.threads; i += 1) {
      this.#pools.push(
        new Piscina({
          name: "run",
          filename: new URL("./thread.ts", import.meta.url).href,
          minThreads: 1,
          maxThreads: 1,
          concurrentTasksPerWorker: 1,
          // Without it a task that finds the thread busy goes behind those that came later, again and again: batches
          // waited for seconds while others were computed.
          stricterFIFO: true,
          // The default blocks the thread's event loop between tasks.
          atomics: "disabled",
          workerData: options.data,
          resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
        }),
      );
    }
  }

  /** How busy each thread is: the part of its life in which it computed, and the tasks that wait for it. */
  use(): readonly {
    readonly thread: number;
    readonly utilization: number;
    readonly waiting: number;
  }[] {
    return this.#pools.map((pool, thread) => ({
      thread,
      utilization: pool.utilization,
      waiting: pool.queueSize,
    }));
  }

  /** The thread that holds a partition. */
  threadOf(partition: number): number {
    return partition % this.#pools.length;
  }

  /**
   * Runs a task on its partition's thread, after those given before.
   * @param transfer buffers that the thread takes over instead of getting copies
   * @throws where the thread died of it
   */
  async run(task: PartitionTask, transfer: ArrayBuffer[] = []): Promise<ThreadReply> {
    const thread = this.threadOf(task.partition);
    const pool = this.#pools[thread] as Piscina;
    const before = pool.threads[0]?.threadId;
    try {
      return (await pool.run(task, { transferList: transfer })) as ThreadReply;
    } catch (error) {
      if (!this.#closed) void this.#awaitReplacement(thread, pool, before);
      throw error;
    }
  }

  /** Has every thread collect its garbage, after the tasks given before. */
  async collect(): Promise<void> {
    const task: ThreadTask = { kind: "collect" };
    await Promise.all(this.#pools.map(async (pool) => pool.run(task)));
  }

  /** Ends the threads; what they compute is lost. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#pools.map(async (pool) => pool.destroy()));
  }

  /** A task failed: makes sure that a thread answers, be it the same one or its successor. */
  async #awaitReplacement(
    thread: number,
    pool: Piscina,
    before: number | undefined,
  ): Promise<void> {
    const ping: ThreadTask = { kind: "ping" };
    const answered = await Promise.race([
      pool.run(ping).then(
        () => true,
        () => false,
      ),
      sleep(REPLACEMENT_MS, false, { ref: false }),
    ]);
    if (this.#closed) return;
    if (!answered) this.#onStuck(thread);
    else if (pool.threads[0]?.threadId !== before) this.#onReplaced(thread);
  }
}
