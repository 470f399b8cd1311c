import { setTimeout as sleep } from "node:timers/promises";
import {
  BLOCK_FIELD,
  ORIGIN_FIELD,
  outboxKey,
  ROWS_FIELD,
  TARGET_FIELD,
} from "@tributary/protocol";
import { Backoff } from "@tributary/service";
import type { Logger } from "@tributary/telemetry";
import { EntryAppender, type ReplicaWait } from "../redis/append.ts";
import { type RedisClient, waitUntilReady } from "../redis/client.ts";

/** Messages that are sent together. */
const PAGE_ENTRIES = 64;
const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 1000;
/** How often it is said that messages cannot be relayed. */
const SAY_FAILED_MS = 10_000;

interface Waiting {
  readonly id: string;
  readonly partition: number;
  readonly rows: number;
  readonly originMs: number;
  readonly block: Buffer;
}

/**
 * Relays what a partition's commits have to say into the events of other partitions, in order, at least once: a message leaves the
 * outbox when the other stream has it. Whoever takes it knows it again, so that neither a relay that dies in between
 * nor one whose lease is over does any harm.
 */
export class OutboxRelay {
  readonly #client: RedisClient;
  readonly #appender: EntryAppender;
  readonly #key: string;
  readonly #logger: Logger;
  #run = Promise.resolve();
  #running = false;
  #again = false;
  #stopped = false;
  #waiting = 0;
  #saidFailedMs = -Infinity;

  /** @param wait for replicas, as the gateway waits for those of events */
  constructor(
    client: RedisClient,
    partition: number,
    wait: ReplicaWait | undefined,
    logger: Logger,
  ) {
    this.#client = client;
    this.#appender = new EntryAppender(client, wait);
    this.#key = outboxKey(partition);
    this.#logger = logger;
  }

  /** Messages that wait, as far as it is known. */
  get waiting(): number {
    return this.#waiting;
  }

  /** There may be messages: begins to relay them, until none is left. @param waiting how many, where that is known */
  wake(waiting?: number): void {
    if (waiting !== undefined) this.#waiting = waiting;
    if (waiting === 0 || this.#stopped) return;
    this.#again = true;
    if (!this.#running) this.#run = this.#relay();
  }

  /** Waits for what is under way, and relays no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#run;
  }

  async #relay(): Promise<void> {
    this.#running = true;
    const backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        while (!this.#stopped && (await this.#relayPage()));
        backoff.succeed();
      } catch (error) {
        this.#again = true;
        this.#sayFailed(error);
        await sleep(backoff.fail());
        await waitUntilReady(this.#client, MAX_BACKOFF_MS);
      }
    }
    // In the turn in which it was seen that there is nothing more: who wakes it later begins anew.
    this.#running = false;
  }

  /** @returns whether there was anything. @throws what kept a message from being relayed; the others of the page were */
  async #relayPage(): Promise<boolean> {
    const page = await this.#read();
    if (page.length === 0) {
      this.#waiting = 0;
      return false;
    }
    const sent = await Promise.allSettled(
      page.map(async ({ partition, rows, originMs, block }) =>
        this.#appender.appendMessage(partition, rows, originMs, block),
      ),
    );
    const failed = new Set<number>();
    const done: string[] = [];
    for (const [i, { id, partition }] of page.entries()) {
      if (sent[i]?.status === "rejected") failed.add(partition);
      // Behind one that failed it is sent again: last of all a partition gets its messages in their order.
      if (!failed.has(partition)) done.push(id);
    }
    if (done.length > 0) await this.#client.xdel(this.#key, ...done);
    this.#waiting = Math.max(0, this.#waiting - done.length);
    const failure = sent.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
    return true;
  }

  async #read(): Promise<Waiting[]> {
    const entries = await this.#client.xrangeBuffer(this.#key, "-", "+", "COUNT", PAGE_ENTRIES);
    return entries.map(([id, fields]) => {
      const values = new Map<string, Buffer>();
      for (let i = 0; i + 1 < fields.length; i += 2) {
        values.set(String(fields[i]), fields[i + 1] as Buffer);
      }
      return {
        id: id.toString("latin1"),
        partition: Number(values.get(TARGET_FIELD)),
        rows: Number(values.get(ROWS_FIELD)),
        originMs: Number(values.get(ORIGIN_FIELD)),
        block: values.get(BLOCK_FIELD) ?? Buffer.alloc(0),
      };
    });
  }

  #sayFailed(error: unknown): void {
    const now = performance.now();
    if (now - this.#saidFailedMs < SAY_FAILED_MS) return;
    this.#saidFailedMs = now;
    this.#logger.warn(
      { err: error, waiting: this.#waiting },
      "messages to other partitions wait; they are sent again until they are taken",
    );
  }
}
