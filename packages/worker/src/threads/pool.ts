import { Piscina } from "piscina";
import type { PartitionTask, ThreadData, ThreadReply, ThreadTask } from "./messages.ts";

export interface ThreadPoolOptions {
  readonly threads: number;
  /** JavaScript heap of a thread, MiB. */
  readonly heapMb: number;
  readonly data: ThreadData;
  /** The successor of a thread that died must run within this time, ms; 30 s where it is not given. */
  readonly replacementMs?: number;
}

const REPLACEMENT_MS = 30_000;

/** Whether a task failed because its thread's heap was full. */
export function isHeapFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

/**
 * Compute threads with affinity: a partition's tasks always go to the same thread, which holds its journeys. One Piscina
 * pool of one thread each, because a pool of several gives a task to whichever is free.
 */
export class ThreadPool {
  readonly #pools: Piscina[] = [];
  readonly #onReplaced: (thread: number) => void;
  readonly #onStuck: (thread: number) => void;
  readonly #replacementMs: number;
  /** Node's ID of each thread that runs. */
  readonly #running = new Map<number, number>();
  /** Threads that died and have no successor yet, with what ends the wait for it. */
  readonly #awaited = new Map<number, NodeJS.Timeout>();
  #closed = false;

  /**
   * @param onReplaced called when a thread died and its successor runs
   * @param onStuck called when a thread died and no successor came: the process cannot go on
   */
  constructor(
    options: ThreadPoolOptions,
    onReplaced: (thread: number) => void,
    onStuck: (thread: number) => void,
  ) {
    this.#onReplaced = onReplaced;
    this.#onStuck = onStuck;
    this.#replacementMs = options.replacementMs ?? REPLACEMENT_MS;
    for (let thread = 0; thread < options.threads; thread += 1) {
      const pool = new Piscina({
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
      });
      pool.on("workerCreate", ({ id }: { readonly id: number }) => this.#noteRunning(thread, id));
      // A thread that fails between two tasks fails none: without a listener the event would end the process.
      pool.on("error", () => this.#noteFailure(thread));
      this.#pools.push(pool);
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
    try {
      return (await pool.run(task, { transferList: transfer })) as ThreadReply;
    } catch (error) {
      this.#noteFailure(thread);
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
    for (const timer of this.#awaited.values()) clearTimeout(timer);
    await Promise.all(this.#pools.map(async (pool) => pool.destroy()));
  }

  #noteRunning(thread: number, id: number): void {
    this.#running.set(thread, id);
    const timer = this.#awaited.get(thread);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#awaited.delete(thread);
    this.#onReplaced(thread);
  }

  /** A task failed, or a thread: where it died its successor is awaited. What the threads have to do does not matter. */
  #noteFailure(thread: number): void {
    if (this.#closed || this.#awaited.has(thread)) return;
    if (this.#pools[thread]?.threads[0]?.threadId === this.#running.get(thread)) return;
    const timer = setTimeout(() => this.#onStuck(thread), this.#replacementMs).unref();
    this.#awaited.set(thread, timer);
  }
}
