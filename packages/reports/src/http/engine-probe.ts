import { performance } from "node:perf_hooks";
import type { WarehouseEngine } from "@tributary/warehouse";

/** Longest that a probe waits for the engine's answer, ms. */
const PROBE_MS = 2_000;

/**
 * Asks the engine whether it answers, one ping at a time. chDB runs one statement after the other, so a ping may stand behind long
 * reports: the engine is at work then, and is not ready only when nothing was answered for longer than those may take.
 */
export class EngineProbe {
  readonly #engine: Pick<WarehouseEngine, "ping">;
  readonly #stallMs: number;
  #ping: Promise<string | undefined> | undefined;
  #sinceMs = 0;

  constructor(engine: Pick<WarehouseEngine, "ping">, stallMs: number) {
    this.#engine = engine;
    this.#stallMs = stallMs;
  }

  /** Why the engine is not ready; undefined where it is. */
  async unreadyReason(): Promise<string | undefined> {
    if (this.#ping === undefined) this.#sinceMs = performance.now();
    this.#ping ??= this.#asked();
    const timeout = Promise.withResolvers<"no answer">();
    const timer = setTimeout(() => timeout.resolve("no answer"), PROBE_MS);
    const answer = await Promise.race([this.#ping, timeout.promise]);
    clearTimeout(timer);
    if (answer !== "no answer") return answer;
    const silentMs = performance.now() - this.#sinceMs;
    if (silentMs < this.#stallMs) return undefined;
    return `the warehouse has not answered for ${Math.round(silentMs / 1000)} s`;
  }

  async #asked(): Promise<string | undefined> {
    try {
      await this.#engine.ping();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.#ping = undefined;
    }
  }
}
