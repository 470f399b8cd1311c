import { BatchScanner, createRowDictionaries, ProtocolError } from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import type { GatewayConfig } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { SpooledBatch } from "../spool/records.ts";
import type { Spool } from "../spool/spool.ts";

/** Outcome of an event whose sender does not wait for an answer. */
export type KeepOutcome = "kept" | "sent" | "refused" | "lost";

/** How long an answer waits for Redis where there is no spool, ms. */
const DIRECT_MS = 40;
/** Least time between two log lines about lost events, ms. */
const SAY_LOST_MS = 10_000;

/**
 * Keeps events that their senders cannot send again. It puts them into the spool; without a spool, or where that fails, it publishes
 * them if Redis answers at once. It never throws: the person who clicked waits for a page. Lost events are counted and logged.
 */
export class Keeper {
  readonly #config: GatewayConfig;
  readonly #spool: Spool | undefined;
  readonly #publish: (batch: SpooledBatch) => Promise<void>;
  readonly #logger: Logger;
  readonly #dictionaries = createRowDictionaries(0);
  #saidLostMs = -Infinity;

  constructor(
    config: GatewayConfig,
    spool: Spool | undefined,
    publish: (batch: SpooledBatch) => Promise<void>,
    logger: Logger,
  ) {
    this.#config = config;
    this.#spool = spool;
    this.#publish = publish;
    this.#logger = logger;
  }

  async keep(batch: SpooledBatch): Promise<KeepOutcome> {
    if (!this.#isValid(batch)) return "refused";
    try {
      if (this.#spool !== undefined) {
        await this.#spool.append(batch);
        return "kept";
      }
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    }
    try {
      return (await within(DIRECT_MS, this.#publish(batch))) ? "sent" : this.#lost();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return this.#lost();
    }
  }

  /** Validates a batch by the gateway's rules, so that every spooled batch can be published. */
  #isValid({ body, receivedAtMs, tenant }: SpooledBatch): boolean {
    for (const dictionary of this.#dictionaries.dimensions) dictionary.clear();
    const options = {
      ...this.#config,
      now: receivedAtMs,
      tenant: this.#dictionaries.tenants.internText(tenant),
    };
    try {
      const { accepted, refused } = new BatchScanner(this.#dictionaries).scan(
        body,
        options,
        () => undefined,
      );
      return accepted > 0 && refused.length === 0;
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }

  #lost(): "lost" {
    const now = performance.now();
    if (now - this.#saidLostMs > SAY_LOST_MS) {
      this.#saidLostMs = now;
      this.#logger.error(
        "clicks or impressions are lost: neither the spool nor Redis takes them (tributary_link_events_total counts them)",
      );
    }
    return "lost";
  }
}

/** Waits no longer than so many ms. @returns whether it was done by then */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
    // It may still arrive: counting it as lost is the smaller error.
    work.catch(() => undefined);
  }
}
