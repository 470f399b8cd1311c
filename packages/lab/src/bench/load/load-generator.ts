import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { EXIT_WITH_PARENT, type Platform } from "@tributary/platform";
import { LabError } from "../../errors.ts";
import type { GeneratorReady, GeneratorSetup, LoadDone, LoadOrder } from "./messages.ts";

/** The generator's load, without its target. */
export type GeneratedLoad = Omit<GeneratorSetup, "kind" | "host" | "port">;

/** The process that sends the load; see generator.ts. */
export class LoadGenerator {
  readonly #process: ChildProcess;
  readonly #failed: Platform["failed"];

  private constructor(failed: Platform["failed"]) {
    const program = fileURLToPath(new URL("./generator.ts", import.meta.url));
    this.#process = fork(program, [], { execArgv: ["--import", EXIT_WITH_PARENT] });
    this.#failed = failed;
  }

  /** Starts it and connects it to a platform. @throws as {@link load} */
  static async start(platform: Platform, load: GeneratedLoad): Promise<LoadGenerator> {
    const generator = new LoadGenerator(platform.failed);
    const { hostname, port } = new URL(platform.gatewayUrl);
    try {
      await generator.#ask<GeneratorReady>({
        kind: "setup",
        host: hostname,
        port: Number(port),
        ...load,
      });
    } catch (error) {
      generator.stop();
      throw error;
    }
    return generator;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Sends for a time, and waits until every request is answered 202.
   * @param eventsPerSecond undefined for full speed
   * @throws LabError `bench_failed` where the generator ended; the error of a platform that failed
   */
  async load(seconds: number, eventsPerSecond: number | undefined): Promise<LoadDone> {
    return this.#ask<LoadDone>({ kind: "load", seconds, eventsPerSecond });
  }

  stop(): void {
    this.#process.kill("SIGKILL");
  }

  async #ask<Answer>(message: GeneratorSetup | LoadOrder): Promise<Answer> {
    this.#process.send(message);
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      return await Promise.race([
        once(this.#process, "message", { signal }).then(([answer]) => answer as Answer),
        once(this.#process, "exit", { signal }).then(() => {
          throw new LabError("bench_failed", "the load generator ended; its output is above");
        }),
        this.#failed.then((error) => {
          throw error;
        }),
      ]);
    } finally {
      waiting.abort();
    }
  }
}
