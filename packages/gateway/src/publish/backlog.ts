import { setTimeout as sleep } from "node:timers/promises";
import {
  type PartitionBacklog,
  readBacklog,
  type RedisClient,
  redisReady,
} from "@tributary/streams";
import { GatewayError } from "../errors.ts";

const POLL_MS = 500;
const RETRY_AFTER_SECONDS = 5;
const MB = 2 ** 20;

export interface BacklogBounds {
  /** Of one partition, MiB. */
  readonly partitionMb: number;
  /** Over all partitions, MiB. */
  readonly totalMb: number;
}

/**
 * Watches the backlog in Redis, of the workers and of the warehouse or webhooks, so that a gateway refuses events instead of filling
 * Redis. Between two polls it adds the bytes that it sends itself.
 */
export class Backlog {
  readonly #client: RedisClient;
  readonly #bounds: BacklogBounds;
  readonly #abort = new AbortController();
  readonly #seen: PartitionBacklog[];
  /** Bytes sent to each partition since its last poll. */
  readonly #sent: Float64Array;
  #loop: Promise<void> | undefined;

  constructor(client: RedisClient, partitions: number, bounds: BacklogBounds) {
    this.#client = client;
    this.#bounds = bounds;
    this.#seen = Array.from({ length: partitions }, () => ({ workersBytes: 0, warehouseBytes: 0 }));
    this.#sent = new Float64Array(partitions);
  }

  /** Bytes that wait for the workers; what they committed within the last second may still be among them. */
  get workersBytes(): number {
    const seen = this.#seen.reduce((sum, { workersBytes }) => sum + workersBytes, 0);
    return this.#sent.reduce((sum, bytes) => sum + bytes, seen);
  }

  /** Bytes of facts and results that wait for the warehouse, or another group of theirs. */
  get warehouseBytes(): number {
    return this.#seen.reduce((sum, { warehouseBytes }) => sum + warehouseBytes, 0);
  }

  /** Bytes that may wait over all partitions. */
  get limitBytes(): number {
    return this.#bounds.totalMb * MB;
  }

  /** Bytes are on their way to a partition. */
  add(partition: number, bytes: number): void {
    this.#sent[partition] = (this.#sent[partition] ?? 0) + bytes;
  }

  /**
   * A request is taken or refused as a whole, and its events may go to any partition: one partition over its bound refuses
   * all requests. @throws GatewayError `backlog_full`
   */
  check(): void {
    let workers = 0;
    let warehouse = 0;
    for (const [partition, { workersBytes, warehouseBytes }] of this.#seen.entries()) {
      const waiting = workersBytes + (this.#sent[partition] ?? 0);
      const bound = this.#bounds.partitionMb;
      if (waiting + warehouseBytes > bound * MB) {
        refuse(`partition ${partition}`, waiting, warehouseBytes, "a partition", bound);
      }
      workers += waiting;
      warehouse += warehouseBytes;
    }
    const bound = this.#bounds.totalMb;
    if (workers + warehouse > bound * MB) {
      refuse("all partitions", workers, warehouse, "all of them", bound);
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
    while (!signal.aborted) {
      if (redisReady(this.#client)) {
        await Promise.allSettled(this.#seen.map(async (_, partition) => this.#look(partition)));
      }
      try {
        await sleep(POLL_MS, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }

  /** A poll that fails leaves the last numbers: the breaker reacts while Redis is unavailable. */
  async #look(partition: number): Promise<void> {
    const before = this.#sent[partition] ?? 0;
    this.#seen[partition] = await readBacklog(this.#client, partition);
    // The poll may have seen bytes that were sent meanwhile; they count twice rather than not at all.
    this.#sent[partition] = (this.#sent[partition] ?? 0) - before;
  }
}

function refuse(
  of: string,
  workersBytes: number,
  warehouseBytes: number,
  per: string,
  boundMb: number,
): never {
  const mb = (bytes: number): string => `${Math.ceil(bytes / MB)} MB`;
  throw new GatewayError(
    "backlog_full",
    `${of}: ${mb(workersBytes)} wait for the workers and ${mb(warehouseBytes)} for the warehouse or webhooks, the bound of ${per} is ${boundMb} MB`,
    RETRY_AFTER_SECONDS,
  );
}
