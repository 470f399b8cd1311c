import { setTimeout as sleep } from "node:timers/promises";
import { Backoff } from "@tributary/service";
import type { Logger } from "@tributary/telemetry";
import { GatewayError } from "../errors.ts";
import type { Spool, SpoolPage } from "./spool.ts";
import type { SpooledBatch } from "./records.ts";

const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1000;

/** Notified of what becomes of the spool's batches. */
export interface ForwardObserver {
  forwarded(batches: number): void;
  /** A batch can never be published. */
  quarantined(batch: SpooledBatch): void;
}

/** What became of a batch: Redis has it, it is sent again later, or it can never be published. */
type Outcome =
  | { readonly kind: "done" | "later" }
  | { readonly kind: "never"; readonly reason: unknown };

/**
 * Forwards the spool's batches to Redis, in order, page by page. A page is done when Redis has all of its batches. A batch that can
 * never be published is quarantined: it would block all batches behind it.
 */
export class Forwarder {
  readonly #spool: Spool;
  readonly #publish: (batch: SpooledBatch) => Promise<void>;
  readonly #observer: ForwardObserver;
  readonly #logger: Logger;
  readonly #backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
  #running: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param publish resolves when Redis has the batch @throws GatewayError where it cannot now, any other error where it never can
   */
  constructor(
    spool: Spool,
    publish: (batch: SpooledBatch) => Promise<void>,
    observer: ForwardObserver,
    logger: Logger,
  ) {
    this.#spool = spool;
    this.#publish = publish;
    this.#observer = observer;
    this.#logger = logger;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the current try. A page with an unpublished batch stays in the spool whole. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#spool.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        const page = await this.#spool.read();
        if (page !== undefined) await this.#forward(page);
        else if (!this.#stopped) await this.#spool.news();
        this.#backoff.succeed();
      } catch (error) {
        this.#logger.error({ err: error }, "reading the spool failed, trying again");
        await sleep(this.#backoff.fail());
      }
    }
  }

  /** Publishes a page's batches, and repeats those that fail. */
  async #forward(page: SpoolPage): Promise<void> {
    let left = page.batches;
    for (;;) {
      const outcomes = await Promise.all(left.map(async (batch) => this.#send(batch)));
      // One after the other: they are written to one file, in their order and within its bound.
      for (const [i, batch] of left.entries()) {
        const outcome = outcomes[i];
        if (outcome?.kind !== "never") continue;
        await this.#spool.quarantine(page, batch, outcome.reason);
        this.#observer.quarantined(batch);
      }
      left = left.filter((_, i) => outcomes[i]?.kind === "later");
      if (left.length === 0) break;
      if (this.#stopped) return;
      await sleep(this.#backoff.fail());
    }
    this.#spool.done(page);
  }

  async #send(batch: SpooledBatch): Promise<Outcome> {
    try {
      await this.#publish(batch);
      this.#observer.forwarded(1);
      return { kind: "done" };
    } catch (reason) {
      // Redis is unavailable or full: the spool exists for that, and the publisher logs it.
      return reason instanceof GatewayError ? { kind: "later" } : { kind: "never", reason };
    }
  }
}
