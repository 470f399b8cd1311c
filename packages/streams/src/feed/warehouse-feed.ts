import { factsKey, resultsKey, stateKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { setAside } from "./dead-letters.ts";
import type { FeedStream, PolledEntry } from "./polled-entry.ts";
import { claimPending, readGroup, type StreamEntry } from "../redis/read-group.ts";
import type { RedisClient } from "../redis/client.ts";

export interface FeedOptions {
  readonly partitions: number;
  /** Name of the consumer: the same after a restart, so that it finds what it had not acknowledged. */
  readonly consumer: string;
  /** Most entries of a stream and poll. */
  readonly maxEntries: number;
  /** Which streams are read; both where it is not given. */
  readonly streams?: readonly FeedStream[];
  /** The consumer group; the warehouse's where it is not given. */
  readonly group?: string;
}

/** Another consumer's entries are taken over after this time without a word of it. */
const TAKE_OVER_MS = 30_000;
const TAKE_OVER_EVERY_MS = 10_000;
const BOTH: readonly FeedStream[] = ["facts", "results"];

/** What a loader, or another group, reads: the blocks of all partitions, in each stream's order, until they are acknowledged. */
export class WarehouseFeed {
  readonly #client: RedisClient;
  readonly #options: FeedOptions;
  readonly #streams: readonly FeedStream[];
  readonly #group: string;
  /** Where each stream is read from: an ID while own pending entries are read again, then `>`. */
  readonly #cursors = new Map<string, string>();
  #takeOverAtMs = 0;

  constructor(client: RedisClient, options: FeedOptions) {
    this.#client = client;
    this.#options = options;
    this.#streams = options.streams ?? BOTH;
    this.#group = options.group ?? WAREHOUSE_GROUP;
  }

  /**
   * The next blocks, empty where there are none. What was given out and not acknowledged comes again after
   * {@link rewind}. Partitions that cannot be read (a cluster's node is away) do not hold up the others.
   * @throws the first partition's error, where the others have nothing
   */
  async poll(): Promise<PolledEntry[]> {
    const { partitions } = this.#options;
    const takeOver = performance.now() - this.#takeOverAtMs > TAKE_OVER_EVERY_MS;
    if (takeOver) this.#takeOverAtMs = performance.now();
    const polls: Promise<PolledEntry[]>[] = [];
    for (let partition = 0; partition < partitions; partition += 1) {
      polls.push(this.#pollPartition(partition, takeOver));
    }
    // All of them: one that went on after this call would be given entries that nobody takes.
    const results = await Promise.allSettled(polls);
    const found: PolledEntry[] = [];
    let failure: PromiseRejectedResult | undefined;
    for (const [partition, result] of results.entries()) {
      if (result.status === "fulfilled") {
        found.push(...result.value);
        continue;
      }
      failure ??= result;
      // A reply may be lost whose entries are pending now: read those again first.
      for (const stream of this.#streams) this.#cursors.delete(keyOf(partition, stream));
    }
    if (failure !== undefined && found.length === 0) throw failure.reason;
    return found;
  }

  /** Makes {@link poll} give out again what was not acknowledged. */
  rewind(): void {
    this.#cursors.clear();
  }

  /** Says that entries are done with for good, and for those of the warehouse in each partition who loaded them when. */
  async acknowledge(entries: readonly PolledEntry[]): Promise<void> {
    const ids = new Map<string, string[]>();
    for (const { partition, stream, id } of entries) {
      const key = keyOf(partition, stream);
      ids.set(key, [...(ids.get(key) ?? []), id]);
    }
    await Promise.all(
      [...ids].map(async ([key, of]) => this.#client.xack(key, this.#group, ...of)),
    );
    if (this.#group !== WAREHOUSE_GROUP) return;
    const progress = { loaded_at: Date.now(), loaded_by: this.#options.consumer };
    const partitions = new Set(entries.map(({ partition }) => partition));
    await Promise.all(
      [...partitions].map(async (partition) => this.#client.hset(stateKey(partition), progress)),
    );
  }

  /** Sets an entry aside that cannot be read, and acknowledges it, in one step. */
  async deadLetter(entry: PolledEntry, reason: string): Promise<void> {
    await setAside(this.#client, entry, reason, this.#group);
  }

  async #pollPartition(partition: number, takeOver: boolean): Promise<PolledEntry[]> {
    const options = {
      group: this.#group,
      consumer: this.#options.consumer,
      count: this.#options.maxEntries,
    };
    const found: PolledEntry[] = [];
    const add = (stream: FeedStream, entries: readonly StreamEntry[]): void => {
      for (const entry of entries) found.push({ partition, stream, ...entry });
    };
    const reads = this.#streams.map((stream): [string, string] => {
      const key = keyOf(partition, stream);
      return [key, this.#cursors.get(key) ?? "0"];
    });
    const entries = await readGroup(this.#client, reads, options);
    let turned = false;
    for (const stream of this.#streams) {
      const key = keyOf(partition, stream);
      const from = this.#cursors.get(key) ?? "0";
      const read = entries.get(key) ?? [];
      add(stream, read);
      if (from !== ">") {
        this.#cursors.set(key, read.at(-1)?.id ?? ">");
        turned ||= read.length === 0;
      }
      if (!takeOver || from !== ">") continue;
      for await (const claimed of claimPending(this.#client, key, {
        ...options,
        minIdleMs: TAKE_OVER_MS,
      })) {
        add(stream, claimed);
      }
    }
    // Nothing of its own is left: what is new comes in the same poll.
    return turned && found.length === 0 ? this.#pollPartition(partition, false) : found;
  }
}

function keyOf(partition: number, stream: FeedStream): string {
  return stream === "facts" ? factsKey(partition) : resultsKey(partition);
}
