import { setTimeout as sleep } from "node:timers/promises";
import {
  type ConversionFields,
  type EventInput,
  type Properties,
  randomId,
  type RefundFields,
} from "../core/event.ts";
import { type ClientOptions, createSender, type SenderDefaults } from "../core/options.ts";
import { guard, type OnProblem, type Problem } from "../core/problem.ts";
import type { Sender } from "../core/sender.ts";

export type NodeOptions = ClientOptions;

/** Whose event it is: at least one of the two. */
export type Identity =
  | { readonly userId: string; readonly anonymousId?: string | undefined }
  | { readonly userId?: string | undefined; readonly anonymousId: string };

const DEFAULTS: SenderDefaults = {
  batchEvents: 500,
  batchBytes: 524_288,
  flushIntervalMs: 1000,
  maxQueueEvents: 10_000,
  maxQueueBytes: 33_554_432,
  timeoutMs: 10_000,
  retryMs: 1000,
  maxRetryMs: 60_000,
  // The connection is kept open by Node; this is about pages that close.
  keepalive: false,
};

/** Sends a server's events in batches. What waits is in memory only: {@link close} before the process ends. */
export class Tributary {
  readonly #sender: Sender;
  readonly #onProblem: OnProblem;
  #closed = false;

  /** @throws TypeError that names the option, what was given and what is allowed */
  constructor(options: NodeOptions) {
    const onProblem = guard(options.onProblem ?? warn, warnOfHandler);
    this.#onProblem = onProblem;
    this.#sender = createSender({ ...options, onProblem }, DEFAULTS);
  }

  /** @returns whether the event waits to be sent; where not, `onProblem` was notified of the reason */
  send(input: EventInput): boolean {
    const event = { ...input, id: input.id ?? randomId(), time: input.time ?? Date.now() };
    if (!this.#closed) return this.#sender.add(event);
    this.#onProblem({ code: "unsent", reason: "the client is closed", events: [event] });
    return false;
  }

  track(who: Identity, name: string, properties?: Properties): boolean {
    return this.send({ type: "custom", ...who, name, properties });
  }

  conversion(who: Identity, fields: ConversionFields): boolean {
    return this.send({ type: "conversion", ...who, ...fields });
  }

  refund(who: Identity, fields: RefundFields): boolean {
    return this.send({ type: "refund", ...who, ...fields });
  }

  /** Says that the journey of `anonymousId` is the user's. */
  identify(userId: string, anonymousId: string, traits?: Properties): boolean {
    return this.send({ type: "identify", userId, anonymousId, properties: traits });
  }

  /** Resolves when there is room for `events` more, at once where there is. A producer that waits here loses nothing. */
  async room(events = 1): Promise<void> {
    while (!this.#closed && !this.#sender.hasRoom(events)) {
      await this.#sender.flush();
      if (!this.#sender.hasRoom(events)) await sleep(Math.max(1, this.#sender.waitMs));
    }
  }

  /** Sends what waits. @returns whether nothing is left: false where the gateway is unavailable or asked to wait */
  flush(): Promise<boolean> {
    return this.#sender.flush();
  }

  /**
   * Takes no more events and sends what waits, for at most so long.
   * @returns events that were given up, 0 where the gateway has all; `onProblem` was notified of them
   */
  async close({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<number> {
    this.#closed = true;
    const endMs = Date.now() + timeoutMs;
    const timer = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    while (this.#sender.length > 0 && Date.now() < endMs) {
      const flushed = await Promise.race([this.#sender.flush(), timeout]);
      if (flushed === false) await sleep(Math.min(this.#sender.waitMs + 1, endMs - Date.now()));
    }
    timer.abort();
    const events = this.#sender.clear();
    if (events.length > 0) {
      const reason = `the gateway did not take them in ${timeoutMs} ms`;
      this.#onProblem({ code: "unsent", reason, events });
    }
    return events.length;
  }
}

function warn({ code, reason, events }: Problem): void {
  process.emitWarning(`${events.length} events: ${reason}`, { type: "Tributary", code });
}

function warnOfHandler(error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`onProblem failed: ${reason}`, { type: "Tributary" });
}
