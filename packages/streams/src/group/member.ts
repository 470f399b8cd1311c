import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ATTRIBUTION_GROUP } from "@tributary/protocol";
import { factLogBytes } from "../partition/admission.ts";
import { assignPartitions } from "../ownership/assignment.ts";
import {
  acquireLease,
  heartbeat,
  leaveGroup,
  type Member,
  releaseLease,
  renewLease,
} from "../ownership/lease.ts";
import type { Logger } from "@tributary/telemetry";
import type { WaitingErasures } from "../fact-log/eraser.ts";
import { PartitionConsumer } from "../consumer/consumer.ts";
import type { ConsumerOptions } from "../consumer/options.ts";
import type { PartitionProcessor } from "../partition/processor.ts";
import type { RedisClient } from "../redis/client.ts";
import { StateLosses } from "./state-losses.ts";

export interface MemberOptions {
  /** Name in the group and in leases; two live processes must not have the same. */
  readonly worker: string;
  readonly partitions: number;
  /** A lease that is not renewed for this long is another's to take, ms. */
  readonly leaseMs: number;
  /** How often membership and leases are renewed, ms: several times within a lease. */
  readonly heartbeatMs: number;
  readonly consumer: ConsumerOptions;
}

/** How often within a heartbeat a worker asks for the partitions that it waits for. */
const TRIES_A_HEARTBEAT = 5;

/** A worker's part in the consumer group: joins, owns its share of the partitions, hands over, leaves. */
export class GroupMember {
  readonly #client: RedisClient;
  readonly #processor: PartitionProcessor;
  readonly #options: MemberOptions;
  readonly #logger: Logger;
  readonly #consumers = new Map<number, { consumer: PartitionConsumer; ended: Promise<void> }>();
  #loop: Promise<void> | undefined;
  #acquireFromMs = 0;
  /** Whether the group knows of this member since it started. */
  #joined = false;
  #draining = false;
  /** Whether another process joined with this one's name. */
  #replaced = false;
  #heartbeatAtMs = performance.now();
  /** When partitions whose loop ended with an error last made progress: the next loop goes on from there. */
  readonly #failedSince = new Map<number, number>();
  readonly #losses: StateLosses;
  readonly #abort = new AbortController();
  readonly #self: Member;

  constructor(
    client: RedisClient,
    processor: PartitionProcessor,
    options: MemberOptions,
    logger: Logger,
  ) {
    this.#client = client;
    this.#processor = processor;
    this.#options = options;
    this.#logger = logger;
    this.#losses = new StateLosses(client, options.partitions, options.consumer.observer, logger);
    this.#self = { name: options.worker, incarnation: randomUUID() };
  }

  /** Partitions owned now. */
  get owned(): number[] {
    return [...this.#consumers.keys()].toSorted((a, b) => a - b);
  }

  /** Erasures in the partitions owned of which the fact log still has what they erased. */
  get erasures(): WaitingErasures {
    const all = [...this.#consumers.values()].map(({ consumer }) => consumer.erasures);
    return {
      count: all.reduce((sum, { count }) => sum + count, 0),
      oldestMs: Math.min(...all.map(({ oldestMs }) => oldestMs)),
    };
  }

  /** Whether an operator asked this member to own nothing. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Whether another process joined with this one's name, which owns its partitions since. */
  get replaced(): boolean {
    return this.#replaced;
  }

  /** Time since this member last renewed its membership, ms. */
  get sinceHeartbeatMs(): number {
    return performance.now() - this.#heartbeatAtMs;
  }

  /** Partitions whose loop has neither progressed nor found itself idle for `ms`. */
  stalledFor(ms: number): number[] {
    const before = performance.now() - ms;
    const stalled = new Set<number>();
    for (const [partition, { consumer }] of this.#consumers) {
      if (consumer.lastProgressMs < before) stalled.add(partition);
    }
    // Between the end of a loop that failed and the next one.
    for (const [partition, since] of this.#failedSince) {
      if (since < before && !this.#consumers.has(partition)) stalled.add(partition);
    }
    return [...stalled].toSorted((a, b) => a - b);
  }

  /** Joins the group; partitions follow as they become free. */
  start(): void {
    this.#loop = this.#run();
  }

  /** Finishes the batches in hand, gives every partition back and leaves the group. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
    // First out of the group, so that the others count themselves in for what is given back next.
    try {
      await leaveGroup(this.#client, ATTRIBUTION_GROUP, this.#self);
    } catch (error) {
      this.#logger.warn(
        { err: error },
        "left without saying so: the membership runs out by itself",
      );
    }
    const entries = [...this.#consumers.values()];
    for (const { consumer } of entries) consumer.stop();
    await Promise.all(entries.map(async ({ ended }) => ended));
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { heartbeatMs } = this.#options;
    while (!signal.aborted) {
      let waitMs = heartbeatMs;
      try {
        // A partition that its former owner gives back should not lie idle until the next heartbeat.
        if ((await this.#tick()) === "wants_more") waitMs /= TRIES_A_HEARTBEAT;
      } catch (error) {
        this.#logger.warn({ err: error }, "heartbeat failed; it is tried again");
        // When Redis comes back the others may not have spoken up yet: their partitions are not free for that.
        this.#acquireFromMs = performance.now() + heartbeatMs * 2;
      }
      try {
        await sleep(waitMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }

  /** @returns whether partitions that should be this worker's are still another's */
  async #tick(): Promise<"has_all" | "wants_more"> {
    const { worker, partitions, leaseMs } = this.#options;
    const joins = !this.#joined;
    const group = await heartbeat(this.#client, ATTRIBUTION_GROUP, this.#self, leaseMs, joins);
    this.#joined = true;
    this.#heartbeatAtMs = performance.now();
    this.#noteReplaced(group.replaced);
    if (group.replaced) {
      // Its partitions are the other's to take: what is in hand is finished where the other has not taken it yet.
      for (const { consumer } of this.#consumers.values()) consumer.stop();
      return "has_all";
    }
    this.#noteDraining(group.draining.includes(worker));
    const members = group.members.filter((member) => !group.draining.includes(member));
    const owners =
      members.length > 0
        ? assignPartitions(members, partitions)
        : Array.from<string>({ length: partitions }).fill("");
    const mayAcquire = performance.now() >= this.#acquireFromMs;
    // All of them: what a tick began must be over before the next one looks.
    const results = await Promise.allSettled([
      // Its key lies on a node of its own, which must not hold up the partitions of the others.
      this.#losses.ensurePlatform(),
      ...owners.map(async (owner, partition) => {
        const entry = this.#consumers.get(partition);
        if (entry !== undefined) await this.#renew(partition, entry.consumer, owner === worker);
        else if (owner !== worker) {
          this.#failedSince.delete(partition);
          this.#options.consumer.admission?.released(partition);
        } else if (mayAcquire) await this.#acquire(partition);
      }),
    ]);
    this.#losses.say();
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const wanting = owners.some((owner, at) => owner === worker && !this.#consumers.has(at));
    return wanting ? "wants_more" : "has_all";
  }

  #noteReplaced(replaced: boolean): void {
    if (replaced === this.#replaced) return;
    this.#replaced = replaced;
    const { worker } = this.#options;
    if (replaced) {
      this.#logger.error(
        { worker },
        "another process joined with this worker's name: it owns the partitions from now on; give each worker a TRIBUTARY_WORKER_ID of its own",
      );
    } else this.#logger.info({ worker }, "the name is this worker's again");
  }

  #noteDraining(draining: boolean): void {
    if (draining === this.#draining) return;
    this.#draining = draining;
    this.#logger.info(draining ? "drains: its partitions go to others" : "drains no more");
  }

  async #renew(partition: number, consumer: PartitionConsumer, wanted: boolean): Promise<void> {
    if (!wanted) consumer.stop();
    if (!(await renewLease(this.#client, consumer.lease, this.#options.leaseMs))) {
      this.#logger.warn({ partition, epoch: consumer.lease.epoch }, "lease lost");
      consumer.lose();
    }
  }

  async #acquire(partition: number): Promise<void> {
    const { worker, leaseMs, consumer: options } = this.#options;
    const { admission } = options;
    if (admission !== undefined) {
      const bytes = await factLogBytes(this.#client, partition);
      if (!admission.mayTake(partition, bytes)) return;
    }
    const lease = await acquireLease(this.#client, partition, worker, leaseMs);
    if (lease === undefined) {
      admission?.released(partition);
      return;
    }
    if (this.#abort.signal.aborted) {
      await releaseLease(this.#client, lease);
      return;
    }
    this.#losses.noteTaken(lease);
    const consumer = new PartitionConsumer(
      this.#client,
      lease,
      this.#processor,
      options,
      this.#logger,
      this.#failedSince.get(partition) ?? performance.now(),
    );
    this.#logger.info(
      { partition, epoch: lease.epoch, committedId: lease.committedId },
      "partition taken",
    );
    this.#consumers.set(partition, { consumer, ended: this.#runConsumer(partition, consumer) });
  }

  async #runConsumer(partition: number, consumer: PartitionConsumer): Promise<void> {
    try {
      await consumer.run();
      this.#failedSince.delete(partition);
    } catch (error) {
      this.#failedSince.set(partition, consumer.lastProgressMs);
      this.#logger.error({ err: error, partition }, "the partition's loop ended with an error");
    }
    this.#consumers.delete(partition);
    this.#options.consumer.admission?.released(partition);
    if (consumer.lost) return;
    try {
      await releaseLease(this.#client, consumer.lease);
      this.#logger.info({ partition, epoch: consumer.lease.epoch }, "partition given back");
    } catch (error) {
      this.#logger.warn({ err: error, partition }, "lease not given back; it runs out by itself");
    }
  }
}
