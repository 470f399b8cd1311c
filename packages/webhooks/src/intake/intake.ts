import { setTimeout as sleep } from "node:timers/promises";
import { ProtocolError, resultsKey, WEBHOOKS_GROUP } from "@tributary/protocol";
import { AttributionError } from "@tributary/attribution";
import {
  compareEntryIds,
  ensureWebhooksGroup,
  forgetErasedConversions,
  type PolledEntry,
  readErasedConversions,
  type RedisClient,
  WarehouseFeed,
} from "@tributary/streams";
import type { Telemetry } from "@tributary/telemetry";
import { type Delivery, erasedDeliveries, formerTicketsOf } from "../delivery/delivery.ts";
import type { WebhookMetrics } from "../metrics.ts";
import { DeliveryQueue } from "../queue/delivery-queue.ts";
import { deliveriesOf } from "./result-deliveries.ts";

export interface IntakeOptions {
  readonly partitions: number;
  /** Secret of the dictionaries' hash, below 2^48: strings come from strangers. */
  readonly seed: number;
  /** Called when deliveries of a tenant may be sent. */
  readonly released: (tenant: string) => void;
}

/** The same for every process, so that the next one finds what the last one had not acknowledged. */
const CONSUMER = "sender";
const POLL_MS = 50;
/** Most entries of a partition and poll: they are in memory together. */
const MAX_ENTRIES = 16;
/** Deliveries of a tenant that are put into its queue by one call: it bounds what is in memory, and how long Redis is busy. */
const MAX_CHUNK = 64;
const MAX_CHUNK_BYTES = 1 << 20;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;

/** Deliveries of a tenant and partition that are not in the queue yet. */
interface Chunk {
  readonly queue: DeliveryQueue;
  readonly partition: number;
  deliveries: Delivery[];
  bytes: number;
}

/**
 * Brings results into the tenants' queues: poll, make deliveries, put them in, acknowledge, release. A receiver that is away
 * holds up nothing here. A result that comes again before it is acknowledged finds its delivery in the queue; what is
 * acknowledged and not released, because a process died in between, is released by the next.
 */
export class Intake {
  readonly #client: RedisClient;
  readonly #feed: WarehouseFeed;
  readonly #queues: ReadonlyMap<string, DeliveryQueue>;
  readonly #telemetry: Telemetry;
  readonly #metrics: WebhookMetrics;
  readonly #options: IntakeOptions;
  readonly #abort = new AbortController();
  /** Partitions of which deliveries may be held whose results are acknowledged. */
  readonly #unswept: Set<number>;
  #loop: Promise<void> | undefined;
  /** Since when results have waited without any being taken, by performance.now(). */
  #waitingSinceMs: number | undefined;
  #failures = 0;

  constructor(
    client: RedisClient,
    queues: ReadonlyMap<string, DeliveryQueue>,
    telemetry: Telemetry,
    metrics: WebhookMetrics,
    options: IntakeOptions,
  ) {
    this.#client = client;
    this.#queues = queues;
    this.#telemetry = telemetry;
    this.#metrics = metrics;
    this.#options = options;
    const { partitions } = options;
    this.#unswept = new Set(Array.from({ length: partitions }, (_, partition) => partition));
    this.#feed = new WarehouseFeed(client, {
      partitions,
      consumer: CONSUMER,
      maxEntries: MAX_ENTRIES,
      streams: ["results"],
      group: WEBHOOKS_GROUP,
    });
  }

  /** How long results have waited, or could not be asked for, without any being taken, ms; 0 where all is well. */
  stalledForMs(): number {
    return this.#waitingSinceMs === undefined ? 0 : performance.now() - this.#waitingSinceMs;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Finishes what is in hand, and takes no more. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const waitMs = await this.#step();
      if (waitMs === 0) continue;
      try {
        await sleep(waitMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }

  /** One poll and what it brings. @returns how long to wait before the next, ms */
  async #step(): Promise<number> {
    let entries: readonly PolledEntry[] = [];
    try {
      entries = await this.#feed.poll();
      if (entries.length > 0) {
        this.#waitingSinceMs ??= performance.now();
        await this.#take(entries);
      }
      if (this.#unswept.size > 0) await this.#sweep();
      await this.#takeErased();
      this.#waitingSinceMs = undefined;
      if (this.#failures > 0) {
        this.#telemetry.logger.info({ failures: this.#failures }, "results are taken again");
      }
      this.#failures = 0;
      return entries.length >= MAX_ENTRIES ? 0 : POLL_MS;
    } catch (error) {
      return this.#failed(error, entries);
    }
  }

  async #take(entries: readonly PolledEntry[]): Promise<void> {
    const chunks = new Map<string, Chunk>();
    const tickets = new Map<string, string[]>();
    const taken: PolledEntry[] = [];
    // In the order of their commits over all partitions: a conversion whose owner changes has results in several.
    for (const entry of entries.toSorted((a, b) => compareEntryIds(a.id, b.id))) {
      // Trimmed while it was pending: there is nothing left of it to send.
      if (entry.block.length > 0 && !(await this.#add(entry, chunks, tickets))) continue;
      taken.push(entry);
    }
    await Promise.all([...chunks.values()].map(async (chunk) => this.#enqueue(chunk)));
    if (taken.length > 0) await this.#feed.acknowledge(taken);
    await Promise.all(
      [...tickets].map(async ([tenant, of]) => {
        const queue = this.#queues.get(tenant);
        for (let at = 0; at < of.length; at += MAX_CHUNK) {
          this.#superseded((await queue?.release(of.slice(at, at + MAX_CHUNK))) ?? 0);
        }
        this.#options.released(tenant);
      }),
    );
  }

  /** Makes an entry into deliveries, and puts full chunks into the queues. @returns false where it cannot be read */
  async #add(
    entry: PolledEntry,
    chunks: Map<string, Chunk>,
    tickets: Map<string, string[]>,
  ): Promise<boolean> {
    const { partition, block, id } = entry;
    let deliveries: Delivery[];
    try {
      // All of them or none, and a block is bounded by what one commit may hold.
      deliveries = [...deliveriesOf(block, id, this.#queues, this.#options.seed)];
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      await this.#setAside(entry, error.message);
      return false;
    }
    for (const delivery of deliveries) {
      const queue = this.#queues.get(delivery.tenant);
      if (queue === undefined) continue;
      const key = `${partition} ${delivery.tenant}`;
      const chunk = chunks.get(key) ?? { queue, partition, deliveries: [], bytes: 0 };
      chunks.set(key, chunk);
      chunk.deliveries.push(delivery);
      chunk.bytes += delivery.body.length;
      const of = tickets.get(delivery.tenant) ?? [];
      of.push(delivery.ticket);
      tickets.set(delivery.tenant, of);
      if (chunk.deliveries.length >= MAX_CHUNK || chunk.bytes >= MAX_CHUNK_BYTES) {
        await this.#enqueue(chunk);
      }
    }
    return true;
  }

  async #enqueue(chunk: Chunk): Promise<void> {
    const { queue, partition, deliveries } = chunk;
    if (deliveries.length === 0) return;
    const { superseded, over, dropped } = await queue.enqueue(deliveries, partition);
    chunk.deliveries = [];
    chunk.bytes = 0;
    this.#superseded(superseded);
    if (over > 0) this.#metrics.tributary_webhook_deliveries_total.inc({ outcome: "dead" }, over);
    if (dropped > 0) {
      this.#metrics.tributary_webhook_deliveries_total.inc({ outcome: "dropped" }, dropped);
    }
    if (over > 0) {
      const { tenant } = queue;
      this.#telemetry.logger.error(
        { tenant, over, dropped },
        "more deliveries wait than may: they are dead, and the oldest dead are dropped where those are too many as well",
      );
    }
  }

  /** Releases what is held of partitions of which no result is pending any more. */
  async #sweep(): Promise<void> {
    for (const partition of this.#unswept) {
      const [pending] = await this.#client.xpending(resultsKey(partition), WEBHOOKS_GROUP);
      if (Number(pending) > 0) continue;
      for (const [tenant, queue] of this.#queues) {
        this.#superseded(await queue.sweep(partition));
        this.#options.released(tenant);
      }
      this.#unswept.delete(partition);
    }
  }

  /** Takes back what is known of erased conversions, and has their receivers told. What dies in between is done again. */
  async #takeErased(): Promise<void> {
    for (const erased of await readErasedConversions(this.#client, MAX_ENTRIES)) {
      const { tenant, atMs } = erased;
      // One that is sent to no more may still have some waiting.
      const queue = this.#queues.get(tenant);
      const bounds = { waitingBytes: 0, deadBytes: 0 };
      const holder = queue ?? new DeliveryQueue(this.#client, tenant, bounds);
      this.#superseded(await holder.erase(atMs, formerTicketsOf(erased)));
      const deliveries = erasedDeliveries(erased);
      for (let at = 0; at < deliveries.length; at += MAX_CHUNK) {
        const page = deliveries.slice(at, at + MAX_CHUNK);
        const tickets = page.map(({ ticket }) => ticket);
        this.#superseded(await holder.erase(atMs, tickets));
        if (queue === undefined) continue;
        await this.#enqueue({ queue, partition: 0, deliveries: page, bytes: 0 });
        await queue.release(tickets);
      }
      await forgetErasedConversions(this.#client, erased);
      this.#options.released(tenant);
    }
  }

  async #setAside(entry: PolledEntry, reason: string): Promise<void> {
    await this.#feed.deadLetter(entry, reason);
    const { partition, stream, id } = entry;
    this.#metrics.tributary_dead_letters_total.inc({ reason: "block_undecodable" });
    this.#telemetry.logger.error(
      { partition, stream, id, reason },
      "a block cannot be read; it is kept as a dead letter",
    );
  }

  #superseded(deliveries: number): void {
    if (deliveries === 0) return;
    this.#metrics.tributary_webhook_deliveries_total.inc({ outcome: "superseded" }, deliveries);
  }

  /** Says the first failure in a row; the others are counted. @returns how long to wait, ms */
  #failed(error: unknown, entries: readonly PolledEntry[]): number {
    this.#waitingSinceMs ??= performance.now();
    this.#feed.rewind();
    // Whether they were acknowledged is not known: those that were do not come again.
    for (const { partition } of entries) this.#unswept.add(partition);
    this.#metrics.tributary_webhook_intake_failures_total.inc();
    if (this.#failures === 0) {
      this.#telemetry.logger.warn(
        { err: error },
        "results cannot be taken; what was read comes again, and it is tried until it succeeds",
      );
    }
    // A node that failed over may have lost the group. Failing too, this is tried again with the next poll.
    if (error instanceof Error && error.message.includes("NOGROUP")) {
      ensureWebhooksGroup(this.#client, this.#options.partitions).catch((failure: unknown) =>
        this.#telemetry.logger.warn({ err: failure }, "the group cannot be made again"),
      );
    }
    const waitMs = Math.min(MIN_BACKOFF_MS * 2 ** Math.min(this.#failures, 10), MAX_BACKOFF_MS);
    this.#failures += 1;
    return waitMs;
  }
}

/** Whether bytes are at fault, and not us or Redis. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof ProtocolError || error instanceof AttributionError;
}
