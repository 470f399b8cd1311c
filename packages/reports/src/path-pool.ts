import { Piscina } from "piscina";
import { ReportsError } from "./errors.ts";
import type { PathCredits, PathCreditsTask } from "./path-credits.ts";
import type { PathThreadReply } from "./path-thread.ts";

export interface PathPoolOptions {
  /** Longest computation of a model, its wait for the thread included, ms. */
  readonly timeoutMs: number;
  /** Models that wait for the thread; more are refused. */
  readonly maxWaiting: number;
}

/** One thread for models over all journeys, so that loading and other reports go on meanwhile. Idle, it ends. */
export class PathPool {
  readonly #pool: Piscina;
  readonly #timeoutMs: number;

  constructor({ timeoutMs, maxWaiting }: PathPoolOptions) {
    this.#timeoutMs = timeoutMs;
    this.#pool = new Piscina({
      name: "run",
      filename: new URL("./path-thread.ts", import.meta.url).href,
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
    let reply: PathThreadReply;
    try {
      reply = (await this.#pool.run(task, {
        signal: AbortSignal.timeout(this.#timeoutMs),
      })) as PathThreadReply;
    } catch (error) {
      throw asReportsError(error, task, this.#timeoutMs);
    }
    if ("credits" in reply) return reply.credits;
    throw new ReportsError("model_unsolved", `${task.model}: ${reply.unsolved}`, {
      field: "model",
      given: task.model,
    });
  }

  /** Ends the thread; what it computes is lost. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

function asReportsError(error: unknown, { model }: PathCreditsTask, timeoutMs: number): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "AbortError") {
    return new ReportsError(
      "query_timeout",
      `${model} took longer than ${timeoutMs} ms; ask for a shorter range, a lower order or fewer values of the dimension`,
    );
  }
  if (error.message === "Task queue is at limit") {
    return new ReportsError("unavailable", "too many reports are being computed; ask again");
  }
  return error;
}
