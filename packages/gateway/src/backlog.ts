import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey } from "@tributary/protocol";
import { type RedisClient, redisReady } from "@tributary/streams";
import { GatewayError } from "./errors.ts";

const POLL_MS = 500;
const RETRY_AFTER_SECONDS = 5;

/** Watches how much waits for the workers, so that a backlog over its bound is told to senders instead of filling Redis. */
export class Backlog {
  readonly #client: RedisClient;
  readonly #partitions: number;
  readonly #maxEntries: number;
  readonly #abort = new AbortController();
  #entries = 0;
  #loop: Promise<void> | undefined;

  /** @param maxEntries stream entries over all partitions */
  constructor(client: RedisClient, partitions: number, maxEntries: number) {
    this.#client = client;
    this.#partitions = partitions;
    this.#maxEntries = maxEntries;
  }

  /** Entries in the streams at the last look; those acknowledged within the last second may still be among them. */
  get entries(): number {
    return this.#entries;
  }

  /** @throws GatewayError `backlog_full` */
  check(): void {
    if (this.#entries > this.#maxEntries) {
      throw new GatewayError(
        "backlog_full",
        `${this.#entries} entries wait for the workers, the bound is ${this.#maxEntries}`,
        RETRY_AFTER_SECONDS,
      );
    }
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const partitions = Array.from({ length: this.#partitions }, (_, i) => i);
    while (!signal.aborted) {
      if (redisReady(this.#client)) {
        const lengths = await Promise.allSettled(
          partitions.map(async (i) => this.#client.xlen(eventsKey(i))),
        );
        // A look that failed leaves the last number: the breaker is what reacts to Redis being away.
        if (lengths.every((length) => length.status === "fulfilled")) {
          this.#entries = lengths.reduce((sum, length) => sum + length.value, 0);
        }
      }
      try {
        await sleep(POLL_MS, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }
}
