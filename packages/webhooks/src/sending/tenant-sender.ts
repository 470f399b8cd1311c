import { setTimeout as sleep } from "node:timers/promises";
import { Backoff } from "@tributary/service";
import type { Telemetry } from "@tributary/telemetry";
import { type Pacing, ReceiverPace, retryDelayMs } from "./back-off.ts";
import { conversionOf } from "../delivery/delivery.ts";
import { DeliveryTrace } from "./delivery-trace.ts";
import type { WebhookMetrics } from "../metrics.ts";
import { type Attempt, post } from "./post.ts";
import type { DeliveryQueue, DueDelivery, Tries } from "../queue/delivery-queue.ts";
import { shownTarget, type WebhookTarget } from "./targets.ts";

export interface SenderOptions {
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly pacing: Pacing;
  /** Whether this process may send now. */
  readonly maySend: () => boolean;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The queue is looked at this often at the least: deliveries are also retried from outside. */
const IDLE_MS = 500;
const MIN_WAIT_MS = 5;
/** Waits after failures to record an outcome and to read the queue. */
const FIRST_RECORD_BACKOFF_MS = 50;
const FIRST_READ_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2000;
/** How long a stop waits for requests, ms; the next process repeats those that take longer. */
const STOP_TIMEOUT_MS = 5000;
/** Shortest time between two log lines about dead deliveries. */
const SAY_DEAD_MS = 10_000;

/**
 * Sends a tenant's deliveries: those of one conversion one at a time in their order, those of different conversions side by side up to
 * a bound. The outcome of a delivery is recorded before the next one of its conversion is sent. If the process dies in between, the
 * delivery is sent again.
 */
export class TenantSender {
  readonly #queue: DeliveryQueue;
  readonly #target: WebhookTarget;
  readonly #telemetry: Telemetry;
  readonly #metrics: WebhookMetrics;
  readonly #options: SenderOptions;
  readonly #pace: ReceiverPace;
  readonly #trace: DeliveryTrace;
  /** Aborted when no more requests may begin. */
  readonly #stopping = new AbortController();
  /** Aborts the requests under way. */
  readonly #giveUp = new AbortController();
  /** By conversion. */
  readonly #inFlight = new Map<string, Promise<void>>();
  #loop: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #woken = false;
  /** When an attempt last ended, or the first of those under way began, by performance.now(). */
  #progressMs = 0;
  /** Since when the queue has failed; undefined while it does not. */
  #failingSinceMs: number | undefined;
  readonly #backoff = new Backoff(FIRST_READ_BACKOFF_MS, MAX_BACKOFF_MS);
  #isFailing = false;
  #dead = 0;
  #saidDeadMs = -Infinity;

  constructor(
    queue: DeliveryQueue,
    target: WebhookTarget,
    telemetry: Telemetry,
    metrics: WebhookMetrics,
    options: SenderOptions,
  ) {
    this.#queue = queue;
    this.#target = target;
    this.#telemetry = telemetry;
    this.#metrics = metrics;
    this.#options = options;
    this.#pace = new ReceiverPace(options.pacing, options.random);
    this.#trace = new DeliveryTrace(telemetry.tracer, target);
  }

  /** How long deliveries were due without progress, ms; an attempt may take its timeout. */
  stalledForMs(): number {
    const now = performance.now();
    const sending = this.#inFlight.size === 0 ? 0 : now - this.#progressMs;
    const failing = this.#failingSinceMs === undefined ? 0 : now - this.#failingSinceMs;
    return Math.max(sending - this.#options.timeoutMs, failing, 0);
  }

  /** Begins to send. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks into the queue at once. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Begins no more requests, and waits for those under way up to a bound. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const timer = setTimeout(() => this.#giveUp.abort(), STOP_TIMEOUT_MS);
    await this.#loop;
    await Promise.all(this.#inFlight.values());
    clearTimeout(timer);
    this.#giveUp.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#woken = false;
      let waitMs: number;
      try {
        waitMs = await this.#step();
        this.#backoff.succeed();
        this.#failingSinceMs = undefined;
      } catch (error) {
        waitMs = this.#failed(error);
      }
      await this.#pause(waitMs);
    }
  }

  /** Begins what may be begun. @returns how long to wait for more, ms, unless something wakes it */
  async #step(): Promise<number> {
    const now = Date.now();
    const room = this.#options.maySend() ? this.#pace.room(now, this.#inFlight.size) : 0;
    if (room === 0) return waitBetween(this.#pace.restUntilMs - now);
    const { deliveries, nextMs } = await this.#queue.take(room, this.#inFlight.keys());
    for (const delivery of deliveries) this.#begin(delivery);
    return waitBetween(nextMs === undefined ? IDLE_MS : nextMs - Date.now());
  }

  #begin(delivery: DueDelivery): void {
    const conversion = conversionOf(delivery.ticket);
    if (this.#inFlight.size === 0) this.#progressMs = performance.now();
    const attempt = this.#send(delivery).finally(() => {
      this.#inFlight.delete(conversion);
      this.#progressMs = performance.now();
      this.wake();
    });
    this.#inFlight.set(conversion, attempt);
  }

  async #send(delivery: DueDelivery): Promise<void> {
    const startedMs = Date.now();
    const { timeoutMs } = this.#options;
    const span = this.#trace.start(delivery, startedMs);
    const attempt = await post(this.#target, delivery, timeoutMs, this.#giveUp.signal);
    this.#trace.end(span, attempt);
    if (this.#giveUp.signal.aborted && attempt.outcome === "unreachable") return;
    this.#metrics.tributary_webhook_attempts_total.inc({ outcome: attempt.outcome });
    this.#metrics.tributary_webhook_attempt_seconds.observe((Date.now() - startedMs) / 1000);
    const { tries } = delivery;
    const attempts = (tries?.attempts ?? 0) + 1;
    await this.#settle(delivery, attempt, {
      attempts,
      firstMs: tries?.firstMs ?? startedMs,
      lastMs: startedMs,
    });
  }

  /** Records the outcome of a delivery, with retries while Redis is unavailable, so that the delivery is not sent again. */
  async #settle(delivery: DueDelivery, attempt: Attempt, tries: Tries): Promise<void> {
    const record = this.#judge(delivery, attempt, tries);
    const backoff = new Backoff(FIRST_RECORD_BACKOFF_MS, MAX_BACKOFF_MS);
    for (;;) {
      try {
        await record();
        return;
      } catch (error) {
        if (this.#giveUp.signal.aborted) {
          const { id } = delivery;
          this.#telemetry.logger.warn(
            { err: error, id },
            "the outcome of a delivery could not be recorded, retrying",
          );
          return;
        }
      }
      try {
        await sleep(backoff.fail(), undefined, { signal: this.#giveUp.signal });
      } catch {
        // Aborted, the only way this sleep rejects: tried once more, and no further.
      }
    }
  }

  /** Decides the outcome of an attempt. @returns a function that records it, and may be called again */
  #judge({ ticket }: DueDelivery, attempt: Attempt, tries: Tries): () => Promise<void> {
    const { pacing, maxAttempts, random } = this.#options;
    if (attempt.outcome === "delivered") {
      this.#succeeded();
      return async () => {
        const superseded = await this.#queue.done(ticket);
        this.#count("delivered", 1);
        this.#count("superseded", superseded);
      };
    }
    this.#failedOnce(attempt);
    const isGone = attempt.outcome === "gone";
    if (isGone || tries.attempts >= maxAttempts) {
      const why = isGone ? attempt.reason : `${tries.attempts} attempts failed; ${attempt.reason}`;
      return async () => {
        const dropped = await this.#queue.bury(ticket, tries, why);
        this.#count("dead", 1);
        this.#count("dropped", dropped);
        this.#sayDead(why, dropped);
      };
    }
    const delayMs = retryDelayMs(tries.attempts, pacing, random(), attempt.retryAfterMs);
    const atMs = Date.now() + delayMs;
    return async () => this.#queue.later(ticket, atMs, tries);
  }

  #succeeded(): void {
    this.#pace.succeeded();
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#telemetry.logger.info(this.#who(), "the receiver accepts deliveries again");
  }

  /** Logs the first failure in a row; the others are counted. */
  #failedOnce({ outcome, reason, retryAfterMs }: Attempt): void {
    // Gone is an answer about the delivery: the next one is asked for all the same.
    if (outcome !== "gone") this.#pace.failed(Date.now(), retryAfterMs);
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#telemetry.logger.warn(
      { ...this.#who(), outcome, reason },
      "a delivery failed, retrying; the deliveries behind it wait",
    );
  }

  #sayDead(reason: string, dropped: number): void {
    this.#dead += 1;
    const now = performance.now();
    if (now - this.#saidDeadMs < SAY_DEAD_MS && dropped === 0) return;
    this.#saidDeadMs = now;
    this.#telemetry.logger.error(
      { ...this.#who(), reason, deliveries: this.#dead, dropped },
      "deliveries were given up; `tributary webhooks list` shows them",
    );
    this.#dead = 0;
  }

  #who(): { tenant: string; receiver: string } {
    return { tenant: this.#target.tenant, receiver: shownTarget(this.#target.url) };
  }

  #count(outcome: "delivered" | "superseded" | "dead" | "dropped", deliveries: number): void {
    if (deliveries > 0)
      this.#metrics.tributary_webhook_deliveries_total.inc({ outcome }, deliveries);
  }

  #failed(error: unknown): number {
    if (this.#backoff.failures === 0) {
      const { tenant } = this.#target;
      this.#telemetry.logger.warn({ err: error, tenant }, "reading the queue failed, retrying");
    }
    this.#failingSinceMs ??= performance.now();
    return this.#backoff.fail();
  }

  async #pause(waitMs: number): Promise<void> {
    if (this.#woken || this.#stopping.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}

function waitBetween(waitMs: number): number {
  return Math.min(Math.max(waitMs, MIN_WAIT_MS), IDLE_MS);
}
