import { setTimeout as sleep } from "node:timers/promises";
import { packEvents } from "@tributary/protocol";
import type { PlainEvent } from "@tributary/oracle";
import { Agent, request } from "undici";
import { describeError } from "@tributary/platform/errors";
import { pause, backoffMs, retryAfterMs } from "@tributary/platform/client";
import type { WorkBatch } from "./workload.ts";

export interface LoadOptions {
  readonly url: string;
  readonly batches: Iterator<WorkBatch, never>;
  readonly clients: number;
  readonly batchesPerSecond: number;
  /** A batch that was not taken by then counts as not acknowledged, ms. */
  readonly patienceMs: number;
  /** Told of answers that no client may get, in words. */
  readonly complain: (what: string) => void;
}

/** Events that were sent. */
export interface Sent {
  readonly tenant: string;
  readonly event: PlainEvent;
  /** Whether a 202 came for it. */
  readonly acknowledged: boolean;
}

const REQUEST_TIMEOUT_MS = 5000;
/** Longest wait between two tries: the run should notice a recovery, not sleep over it. */
const MAX_WAIT_MS = 500;

/**
 * The clients of a chaos run. Each does what a good SDK does: sends a batch again, unchanged, until it is told that it
 * was taken.
 */
export class Load {
  readonly sent: Sent[] = [];
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #inFlight = new Set<AbortController>();
  #startedAtMs = 0;
  #batches = 0;
  #retries = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ connections: options.clients, pipelining: 1 });
  }

  /** How often a batch had to be sent again. */
  get retries(): number {
    return this.#retries;
  }

  start(): void {
    this.#startedAtMs = Date.now();
    for (let i = 0; i < this.#options.clients; i += 1) this.#running.push(this.#client());
  }

  /** Breaks every connection whose request was written and not answered yet. @returns how many */
  resetRequests(): number {
    const broken = [...this.#inFlight];
    for (const controller of broken) controller.abort();
    return broken.length;
  }

  /** Begins no batch any more, and waits for those under way. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    await this.#agent.destroy();
  }

  async #client(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const due = this.#startedAtMs + (this.#batches / this.#options.batchesPerSecond) * 1000;
      this.#batches += 1;
      await pause(Math.max(0, due - Date.now()), signal);
      if (signal.aborted) return;
      const batch = this.#options.batches.next().value;
      const acknowledged = await this.#send(batch);
      for (const event of batch.events) {
        this.sent.push({ tenant: batch.tenant, event, acknowledged });
      }
      if (batch.twice) await this.#send(batch);
    }
  }

  async #send(batch: WorkBatch): Promise<boolean> {
    const until = Date.now() + this.#options.patienceMs;
    const json = batch.form === "json";
    const body = json ? JSON.stringify(batch.events) : packEvents(batch.events);
    for (let attempt = 0; Date.now() < until; attempt += 1) {
      const answer = await this.#post(
        batch,
        body,
        json ? "application/json" : "application/msgpack",
      );
      if (answer.taken) return true;
      this.#retries += 1;
      await sleep(Math.min(answer.afterMs ?? backoffMs(attempt, 0.5), MAX_WAIT_MS));
    }
    return false;
  }

  async #post(
    batch: WorkBatch,
    body: string | Buffer,
    type: string,
  ): Promise<{ taken: boolean; afterMs?: number | undefined }> {
    const controller = new AbortController();
    this.#inFlight.add(controller);
    try {
      const response = await request(`${this.#options.url}/v1/events`, {
        method: "POST",
        dispatcher: this.#agent,
        headers: { "content-type": type, authorization: `Bearer ${batch.tenant}` },
        body,
        signal: AbortSignal.any([controller.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      const text = await response.body.text();
      if (response.statusCode === 202) {
        const { accepted } = JSON.parse(text) as { accepted: number };
        if (accepted !== batch.events.length) {
          this.#options.complain(
            `${accepted} of ${batch.events.length} good events were taken: ${text}`,
          );
        }
        return { taken: true };
      }
      const after = response.headers["retry-after"];
      if (response.statusCode !== 503 || typeof after !== "string") {
        this.#options.complain(`a good batch was answered ${response.statusCode}: ${text}`);
      }
      return {
        taken: false,
        afterMs: retryAfterMs(typeof after === "string" ? after : undefined, Date.now()),
      };
    } catch (error) {
      // A connection that broke, or an answer that did not come in time: as a client, send again.
      if (!isNetworkError(error))
        throw new Error(`unexpected: ${describeError(error)}`, { cause: error });
      return { taken: false };
    } finally {
      this.#inFlight.delete(controller);
    }
  }
}

/** Whether a request failed by the network, and not by a mistake of ours. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "code" in error || error.name === "AbortError" || error.name === "TimeoutError";
}
