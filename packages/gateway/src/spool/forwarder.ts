import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@tributary/telemetry";
import { GatewayError } from "../errors.ts";
import type { Spool, SpoolPage } from "./spool.ts";
import type { SpooledBatch } from "./records.ts";

const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1000;

/** Takes the spool's batches to Redis, in order, page by page: a page is done when Redis has all of it. */
export class Forwarder {
  readonly #spool: Spool;
  readonly #publish: (batch: SpooledBatch) => Promise<void>;
  readonly #forwarded: (batches: number) => void;
  readonly #logger: Logger;
  #running: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param publish resolves when Redis has the batch @throws GatewayError where it cannot now
   * @param forwarded told of each page
   */
  constructor(
    spool: Spool,
    publish: (batch: SpooledBatch) => Promise<void>,
    forwarded: (batches: number) => void,
    logger: Logger,
  ) {
    this.#spool = spool;
    this.#publish = publish;
    this.#forwarded = forwarded;
    this.#logger = logger;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the page at hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#spool.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!this.#stopped) {
      try {
        const page = await this.#spool.read();
        if (page !== undefined) await this.#forward(page);
        else if (!this.#stopped) await this.#spool.news();
        backoffMs = FIRST_BACKOFF_MS;
      } catch (error) {
        // Redis is away, or full: that is what the spool is for, and others say it.
        if (!(error instanceof GatewayError)) {
          this.#logger.error({ err: error }, "the spool cannot be forwarded; it is tried again");
        }
        await sleep(backoffMs);
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      }
    }
  }

  async #forward(page: SpoolPage): Promise<void> {
    const sent = await Promise.allSettled(page.batches.map(async (batch) => this.#publish(batch)));
    for (const result of sent) if (result.status === "rejected") throw result.reason;
    this.#spool.done(page);
    this.#forwarded(page.batches.length);
  }
}
