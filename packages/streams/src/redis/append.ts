import { BLOCK_FIELD, COUNT_FIELD, eventsKey, ORIGIN_FIELD, ROWS_FIELD } from "@tributary/protocol";
import { Cluster, Command, type Redis } from "ioredis";
import { StreamsError } from "../errors.ts";
import type { RedisClient } from "./client.ts";

/** How many replicas must have a write before it counts. */
export interface ReplicaWait {
  readonly replicas: number;
  /** After which it counts as not written, ms. */
  readonly timeoutMs: number;
}

/** MOVED and ASK that one append follows; a slot under way needs two. */
const MAX_REDIRECTIONS = 5;

/**
 * Appends batch entries to the partitions' streams. Where replicas are waited for, each XADD is followed by WAIT on the
 * same connection: WAIT counts the replicas that have what its own connection wrote. One WAIT serves all that a turn of
 * the event loop appended to a node.
 */
export class EntryAppender {
  readonly #client: RedisClient;
  readonly #wait: ReplicaWait | undefined;
  readonly #slots = new Map<string, number>();
  readonly #waits = new Map<Redis, Promise<number>>();

  /** @param wait undefined asks the partition's node alone */
  constructor(client: RedisClient, wait: ReplicaWait | undefined) {
    this.#client = client;
    this.#wait = wait;
  }

  /**
   * Appends one entry. Where it fails the entry may be in the stream all the same.
   * @param count events in the block
   * @throws StreamsError `not_replicated`; or the client's error
   */
  async append(partition: number, count: number, block: Buffer): Promise<void> {
    await this.#append(partition, [COUNT_FIELD, count, BLOCK_FIELD, block]);
  }

  /**
   * Appends a message of another partition, which holds no events. As {@link append} otherwise.
   * @param originMs when the first event came that led to it
   */
  async appendMessage(
    partition: number,
    rows: number,
    originMs: number,
    block: Buffer,
  ): Promise<void> {
    const about = [COUNT_FIELD, 0, ROWS_FIELD, rows, ORIGIN_FIELD, originMs];
    await this.#append(partition, [...about, BLOCK_FIELD, block]);
  }

  async #append(partition: number, fields: (string | number | Buffer)[]): Promise<void> {
    const key = eventsKey(partition);
    if (this.#wait === undefined) await this.#client.xadd(key, "*", ...fields);
    else await this.#appendAndWait(this.#wait, key, fields);
  }

  async #appendAndWait(wait: ReplicaWait, key: string, fields: (string | number | Buffer)[]) {
    let node = this.#nodeOf(key);
    let asking = false;
    for (let redirections = 0; ; redirections += 1) {
      const asked = asking ? node.asking() : undefined;
      const added = node.xadd(key, "*", ...fields);
      const [result, replicas] = await Promise.allSettled([
        added,
        this.#replicas(node, wait),
        asked,
      ]);
      if (result.status === "fulfilled") {
        if (replicas.status === "rejected") throw replicas.reason;
        if (replicas.value >= wait.replicas) return;
        throw new StreamsError(
          "not_replicated",
          `${replicas.value} of ${wait.replicas} replicas had ${key} within ${wait.timeoutMs} ms`,
        );
      }
      const redirection = /^(MOVED|ASK) \d+ (\S+)/.exec(String(result.reason?.message));
      if (redirection === null || redirections === MAX_REDIRECTIONS) throw result.reason;
      asking = redirection[1] === "ASK";
      if (!asking) this.#refreshSlots();
      // The client does not know the node yet: it refreshes its slots, and the caller sends the entry again.
      const next = this.#nodeAt(redirection[2]);
      if (next === undefined) throw result.reason;
      node = next;
    }
  }

  /** How many replicas have what this turn of the event loop wrote to the node. */
  #replicas(node: Redis, wait: ReplicaWait): Promise<number> {
    let waiting = this.#waits.get(node);
    if (waiting === undefined) {
      // A microtask runs before any event of the socket: WAIT follows all writes of this turn, on their connection.
      waiting = Promise.resolve().then(() => {
        this.#waits.delete(node);
        return node.wait(wait.replicas, wait.timeoutMs);
      });
      this.#waits.set(node, waiting);
    }
    return waiting;
  }

  #nodeOf(key: string): Redis {
    if (!(this.#client instanceof Cluster)) return this.#client;
    const node = this.#nodeAt(this.#client.slots[this.#slotOf(key)]?.[0]);
    if (node !== undefined) return node;
    this.#refreshSlots();
    throw new Error(`no connection to the node of ${key}`);
  }

  #nodeAt(address: string | undefined): Redis | undefined {
    if (!(this.#client instanceof Cluster)) return undefined;
    return this.#client
      .nodes()
      .find(({ options }) => `${options.host}:${options.port}` === address);
  }

  #refreshSlots(): void {
    if (this.#client instanceof Cluster) this.#client.refreshSlotsCache();
  }

  #slotOf(key: string): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = new Command("xadd", [key]).getSlot() ?? 0;
      this.#slots.set(key, slot);
    }
    return slot;
  }
}
