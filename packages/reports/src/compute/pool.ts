import { Piscina } from "piscina";
import { ReportsError } from "../errors.ts";
import type { RecomputeTask, TouchesTask } from "./facts-computer.ts";
import type { PathCredits, PathCreditsTask } from "./path-credits.ts";
import type { ThreadReply, ThreadTask } from "./thread.ts";
import type { Recomputed } from "./recompute.ts";

export interface PathPoolOptions {
  /** Longest computation, its wait for the thread included, ms. */
  readonly timeoutMs: number;
  /** Computations that wait for the thread; more are refused. */
  readonly maxWaiting: number;
}

/**
 * One thread for models over all journeys and for credits from facts, so that loading and other reports go on meanwhile. It
 * ends when it is idle.
 */
export class PathPool {
  readonly #pool: Piscina;
  readonly #timeoutMs: number;

  constructor({ timeoutMs, maxWaiting }: PathPoolOptions) {
    this.#timeoutMs = timeoutMs;
    this.#pool = new Piscina({
      name: "run",
      filename: new URL("./thread.ts", import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      maxQueue: maxWaiting,
      idleTimeout: 60_000,
      atomics: "disabled",
    });
  }

  /**
   * @throws ReportsError `model_unsolved`, `query_timeout` after the bound, `unavailable` where too many wait
   */
  async credit(task: PathCreditsTask): Promise<PathCredits> {
    const reply = await this.#run({ kind: "paths", ...task }, task.model);
    if ("credits" in reply) return reply.credits;
    throw refusedBy(reply, task.model);
  }

  /**
   * Takes touchpoints; their buffers move to the thread.
   * @throws ReportsError as {@link recompute}
   */
  async takeTouches(task: TouchesTask): Promise<void> {
    const reply = await this.#run(task, "the recomputation", [task.touches.buffer]);
    if (!("taken" in reply)) throw refusedBy(reply, "");
  }

  /**
   * @returns undefined where the thread lacks the task's facts
   * @throws ReportsError `report_too_large`, `query_timeout` after the bound, `unavailable` where too many wait
   */
  async recompute(task: RecomputeTask): Promise<Recomputed | undefined> {
    const buffers = task.purchases === undefined ? [] : [task.purchases.buffer];
    const reply = await this.#run(task, "the recomputation", buffers);
    if ("recomputed" in reply) return reply.recomputed;
    throw refusedBy(reply, "");
  }

  /** Ends the thread; its computations are lost. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** @param buffers handed over, not copied: they are large */
  async #run(
    task: ThreadTask,
    what: string,
    buffers: readonly ArrayBuffer[] = [],
  ): Promise<ThreadReply> {
    try {
      return (await this.#pool.run(task, {
        signal: AbortSignal.timeout(this.#timeoutMs),
        transferList: [...buffers],
      })) as ThreadReply;
    } catch (error) {
      throw asReportsError(error, what, this.#timeoutMs);
    }
  }
}

function refusedBy(reply: ThreadReply, model: string): ReportsError {
  if ("tooLarge" in reply) return new ReportsError("report_too_large", reply.tooLarge);
  const reason = "unsolved" in reply ? reply.unsolved : "the thread gave another answer";
  return new ReportsError("model_unsolved", `${model}: ${reason}`, {
    field: "model",
    given: model,
  });
}

function asReportsError(error: unknown, what: string, timeoutMs: number): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "AbortError") {
    return new ReportsError(
      "query_timeout",
      `${what} took longer than ${timeoutMs} ms; ask for a shorter range, a lower order or fewer values of the dimension`,
    );
  }
  if (error.message === "Task queue is at limit") {
    return new ReportsError("unavailable", "too many reports are being computed; ask again");
  }
  return error;
}
