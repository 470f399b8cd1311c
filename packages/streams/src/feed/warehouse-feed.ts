import { factsKey, resultsKey, stateKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { parseEntries, readGroup, type StreamEntry } from "../redis/read-group.ts";
import type { RedisClient } from "../redis/client.ts";
import { ReadSize } from "../redis/read-size.ts";
import { Script } from "../redis/script.ts";
import { deadLetter } from "./dead-letters.ts";
import type { FeedStream, PolledEntry } from "./polled-entry.ts";
import { ReadRuns } from "./read-runs.ts";

const placeScript = new Script(new URL("./place-group.lua", import.meta.url), "acknowledged");
const claimScript = new Script(new URL("./claim.lua", import.meta.url), "streams");
const acknowledgeScript = new Script(new URL("./acknowledge.lua", import.meta.url), "acknowledged");

/** A consumer group that was mended. */
export interface MendedGroup {
  readonly partition: number;
  readonly stream: FeedStream;
  /** `lost`: it was made again. `set_ahead`: it was set back to entries that it had been set past. */
  readonly fault: "lost" | "set_ahead";
  /** ID of the entry behind which it goes on. */
  readonly from: string;
}

export interface FeedOptions {
  readonly partitions: number;
  /** Name of the consumer: the same after a restart, so that it finds what it had not acknowledged. */
  readonly consumer: string;
  /** Most entries of a stream and poll. */
  readonly maxEntries: number;
  /** About how much one poll brings of all partitions together, bytes; bounded in entries alone where it is not given. */
  readonly maxReadBytes?: number;
  /** Which streams are read; both where it is not given. */
  readonly streams?: readonly FeedStream[];
  /** The consumer group; the warehouse's where it is not given. */
  readonly group?: string;
  /** How often it looks for entries that no consumer works on, ms; 5 s where it is not given. */
  readonly takeOverEveryMs?: number;
  /** Another consumer's entries are taken over after this time without a word of it, ms; 30 s where it is not given. */
  readonly takeOverAfterMs?: number;
  /** Called with the streams whose group a poll mended. */
  readonly onMended?: (mended: readonly MendedGroup[]) => void;
}

const TAKE_OVER_AFTER_MS = 30_000;
const TAKE_OVER_EVERY_MS = 5_000;
const BOTH: readonly FeedStream[] = ["facts", "results"];

/** A stream of a partition, and how far this feed has come in it. */
interface Source {
  readonly partition: number;
  readonly stream: FeedStream;
  /** The stream and the partition's state. */
  readonly keys: readonly [string, string];
  readonly runs: ReadRuns;
  /** Whether the next read gives out again what was not acknowledged. */
  begins: boolean;
  /** Whether the next read looks for what this consumer had in hand of entries that were acknowledged before. */
  claimsOwn: boolean;
  /** When entries of silent consumers are taken over next, by performance.now(). */
  takeOverAtMs: number;
  /** ID up to which all was acknowledged when entries were last taken over; "" before. */
  acknowledgedBefore: string;
}

/**
 * What a loader, or another group, reads: the blocks of all partitions, in each stream's order, until they are acknowledged. How far it
 * has come is in each partition's state: the ID up to which everything is acknowledged. The consumer group only gives out entries, and
 * is mended where it is lost, or was set past entries that nobody had.
 */
export class WarehouseFeed {
  readonly #client: RedisClient;
  readonly #options: FeedOptions;
  readonly #group: string;
  readonly #takeOverEveryMs: number;
  readonly #takeOverAfterMs: number;
  readonly #sources: readonly Source[];
  readonly #maxEntries: number;
  readonly #readSize: ReadSize | undefined;
  /** Index of the source that the next read begins with. */
  #next = 0;
  #isBehind = false;
  #mended: MendedGroup[] = [];

  constructor(client: RedisClient, options: FeedOptions) {
    const { partitions, streams = BOTH, group = WAREHOUSE_GROUP } = options;
    this.#client = client;
    this.#options = options;
    this.#group = group;
    this.#takeOverEveryMs = options.takeOverEveryMs ?? TAKE_OVER_EVERY_MS;
    this.#takeOverAfterMs = options.takeOverAfterMs ?? TAKE_OVER_AFTER_MS;
    this.#sources = Array.from({ length: partitions }, (_, partition) =>
      streams.map((stream) => ({
        partition,
        stream,
        keys: [keyOf(partition, stream), stateKey(partition)] as const,
        runs: new ReadRuns(),
        begins: true,
        claimsOwn: true,
        takeOverAtMs: performance.now(),
        acknowledgedBefore: "",
      })),
    ).flat();
    const { maxReadBytes } = options;
    this.#maxEntries = options.maxEntries * this.#sources.length;
    this.#readSize =
      maxReadBytes === undefined ? undefined : new ReadSize(this.#maxEntries, maxReadBytes);
  }

  /** Whether more is likely to wait: the last poll was full, or left out partitions. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /**
   * The next blocks, empty where there are none. What was given out and not acknowledged comes again after
   * {@link rewind}. Partitions that cannot be read (a cluster's node is unavailable) do not hold up the others.
   * @throws the first partition's error, where the others have nothing
   */
  async poll(): Promise<PolledEntry[]> {
    const found: PolledEntry[] = [];
    let failure: PromiseRejectedResult | undefined;
    let left = this.#sources.length;
    this.#isBehind = false;
    // Large entries leave room for some of the partitions: the others are asked where those have nothing.
    while (left > 0 && found.length === 0) {
      const entries = this.#readSize?.entries ?? this.#maxEntries;
      const sources = this.#take(Math.min(left, entries));
      const count = Math.max(1, Math.floor(entries / this.#sources.length));
      left -= sources.length;
      // All of them: one that went on after this call would be given entries that nobody takes.
      const results = await Promise.allSettled(
        sources.map(async (source) => this.#read(source, count)),
      );
      for (const [i, result] of results.entries()) {
        if (result.status === "fulfilled") {
          if (result.value.length >= count) this.#isBehind = true;
          found.push(...result.value);
          continue;
        }
        failure ??= result;
        // A reply may be lost whose entries are pending now: those come again first.
        const source = sources[i];
        if (source !== undefined) begin(source);
      }
    }
    if (found.length > 0 && left > 0) this.#isBehind = true;
    this.#readSize?.note(found);
    const mended = this.#mended.splice(0);
    if (mended.length > 0) this.#options.onMended?.(mended);
    if (failure !== undefined && found.length === 0) throw failure.reason;
    return found;
  }

  /** Makes {@link poll} give out again what was not acknowledged. */
  rewind(): void {
    for (const source of this.#sources) begin(source);
  }

  /** Says that entries are done with for good, and for those of the warehouse in each partition who loaded them when. */
  async acknowledge(entries: readonly PolledEntry[]): Promise<void> {
    const bySource = Map.groupBy(entries, (entry) => this.#sourceOf(entry));
    await Promise.all(
      [...bySource].map(async ([source, of]) =>
        this.#acknowledge(
          source,
          of.map(({ id }) => id),
        ),
      ),
    );
  }

  /** Dead-letters an entry that cannot be read, and acknowledges it, in one step. */
  async deadLetter(entry: PolledEntry, reason: string): Promise<void> {
    const { runs } = this.#sourceOf(entry);
    runs.acknowledged([entry.id]);
    runs.settle(await deadLetter(this.#client, entry, reason, this.#group, runs.complete()));
  }

  async #acknowledge({ stream, keys, runs }: Source, ids: readonly string[]): Promise<void> {
    runs.acknowledged(ids);
    const { consumer } = this.#options;
    const args = [this.#group, stream, Date.now(), consumer, ids.length, ...ids];
    const acknowledged = await acknowledgeScript.run(this.#client, keys, [
      ...args,
      ...runs.complete(),
    ]);
    runs.settle(String(acknowledged));
  }

  /** The sources whose turn it is. */
  #take(count: number): Source[] {
    const from = this.#next;
    this.#next = (from + count) % this.#sources.length;
    return [...this.#sources.slice(from), ...this.#sources.slice(0, from)].slice(0, count);
  }

  /** @param count most entries, and as many again of those that are claimed */
  async #read(source: Source, count: number): Promise<PolledEntry[]> {
    const { partition, stream, keys, runs, begins } = source;
    const now = performance.now();
    const takeOver = now >= source.takeOverAtMs;
    if (takeOver) source.takeOverAtMs = now + this.#takeOverEveryMs;
    // Runs behind one that another consumer had in hand: it may be through with it by now.
    if (takeOver && runs.complete().length > 0) await this.#acknowledge(source, []);
    if (begins || takeOver) {
      const acknowledged = await this.#place(source, begins ? "begin" : source.acknowledgedBefore);
      if (takeOver) source.acknowledgedBefore = acknowledged;
    }
    const [key] = keys;
    const { consumer } = this.#options;
    const options = { group: this.#group, consumer, count };
    let read: Map<string, StreamEntry[]>;
    try {
      read = await readGroup(this.#client, [[key, ">"]], options);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOGROUP")) throw error;
      await this.#place(source, "begin");
      read = await readGroup(this.#client, [[key, ">"]], options);
    }
    source.begins = false;
    const entries = read.get(key) ?? [];
    runs.read(entries.map(({ id }) => id));
    const again = source.claimsOwn || takeOver ? await this.#claim(source, count) : [];
    return [...again, ...entries].map((entry) => ({ partition, stream, ...entry }));
  }

  /**
   * Places the group where the next read begins.
   * @param from place-group.lua has it
   * @returns the ID up to which all is acknowledged
   */
  async #place({ partition, stream, keys }: Source, from: string): Promise<string> {
    const args = [this.#group, stream, from, this.#takeOverAfterMs];
    const [begins, acknowledged, made, passed] = (await placeScript.run(
      this.#client,
      keys,
      args,
    )) as [string, string, number, number];
    const fault = made === 1 ? "lost" : passed === 1 ? "set_ahead" : undefined;
    if (fault !== undefined) this.#mended.push({ partition, stream, fault, from: begins });
    return acknowledged;
  }

  /** Takes what is pending of entries that were acknowledged before: first of all what this consumer was given. */
  async #claim(source: Source, count: number): Promise<StreamEntry[]> {
    const { stream, keys, claimsOwn } = source;
    const { consumer } = this.#options;
    const [idleMs, whose] = claimsOwn ? [0, consumer] : [this.#takeOverAfterMs, ""];
    const args = [this.#group, stream, consumer, idleMs, count, whose];
    const reply = (await claimScript.runBuffer(this.#client, keys, args)) as unknown[];
    const entries = parseEntries(reply);
    source.claimsOwn = claimsOwn && entries.length >= count;
    return entries;
  }

  #sourceOf({ partition, stream }: PolledEntry): Source {
    const source = this.#sources.find((of) => of.partition === partition && of.stream === stream);
    if (source === undefined)
      throw new Error(`partition ${partition}: ${stream} are not read here`);
    return source;
  }
}

function begin(source: Source): void {
  source.begins = true;
  source.claimsOwn = true;
  source.runs.forget();
}

function keyOf(partition: number, stream: FeedStream): string {
  return stream === "facts" ? factsKey(partition) : resultsKey(partition);
}
