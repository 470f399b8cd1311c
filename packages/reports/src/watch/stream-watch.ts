import { setTimeout as sleep } from "node:timers/promises";
import { LossFinder, type RedisClient, readLag, removeIdleConsumers } from "@tributary/streams";
import { createMetrics, type Telemetry } from "@tributary/telemetry";

export interface StreamWatchOptions {
  readonly partitions: number;
  /** How often it looks, ms. */
  readonly intervalMs: number;
  /** A consumer without anything in hand that was not seen for this long is removed, ms. */
  readonly consumerIdleMs: number;
}

/** Looks at the streams again and again: for entries that are gone before anybody had them, and for consumers of dead processes. */
export class StreamWatch {
  readonly #client: RedisClient;
  readonly #telemetry: Telemetry;
  readonly #options: StreamWatchOptions;
  readonly #losses: LossFinder;
  readonly #metrics;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #fails = false;

  constructor(client: RedisClient, telemetry: Telemetry, options: StreamWatchOptions) {
    this.#client = client;
    this.#telemetry = telemetry;
    this.#options = options;
    this.#losses = new LossFinder(client, options.partitions);
    this.#metrics = createMetrics(telemetry.metrics, ["tributary_lost_entries_total"]);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /** One look. @throws the client's error */
  async check(): Promise<void> {
    const { logger } = this.#telemetry;
    for (const { partition, stream, group, entries, cause } of await this.#losses.find()) {
      this.#metrics.tributary_lost_entries_total.inc({ group, cause }, entries);
      if (cause === "stream_deleted") {
        logger.error(
          { partition, stream, group, entries },
          "a stream was deleted, with entries that waited when it was last looked at, and maybe later ones",
        );
      } else {
        logger.error(
          { partition, stream, group, entries },
          "entries were trimmed or deleted before they were done with",
        );
      }
    }
    const { partitions, consumerIdleMs } = this.#options;
    const consumers = await removeIdleConsumers(this.#client, partitions, consumerIdleMs);
    if (consumers.length > 0) logger.info({ consumers }, "idle consumers removed");
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.check();
        this.#fails = false;
      } catch (error) {
        if (!this.#fails) {
          this.#telemetry.logger.warn({ err: error }, "the streams cannot be looked at");
        }
        this.#fails = true;
      }
      try {
        await sleep(this.#options.intervalMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }
}

/** Why not all that was accepted will be loaded as it is; undefined where it will. @throws the client's error */
export async function strandedReason(
  client: RedisClient,
  partitions: number,
): Promise<string | undefined> {
  const lags = await readLag(client, partitions);
  const stranded = lags.filter(({ warehouse }) => warehouse.stranded);
  if (stranded.length === 0) return undefined;
  const names = stranded.map(({ partition }) => partition).join(", ");
  return `facts or results of partitions ${names} wait that the group warehouse is not given: it is lost, or was set past them`;
}
