import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchScanner,
  createRowDictionaries,
  EntryWriter,
  type EventRow,
  partitionOfBytes,
  type RowDictionaries,
  type ScanOptions,
  type ScanResult,
  tenantSeed,
} from "@tributary/protocol";
import { EntryAppender, type RedisClient, redisReady, type ReplicaWait } from "@tributary/streams";
import type { Logger, Span } from "@tributary/telemetry";
import { GatewayError } from "../errors.ts";
import { PartitionAppends, type PartitionEntry } from "./partition-appends.ts";
import type { PublishTrace, RequestTrace } from "./trace-publish.ts";

export interface PublisherOptions {
  readonly partitions: number;
  /** Least time between two flushes, ms: the longest that an event waits for its batch. */
  readonly flushIntervalMs: number;
  /** A partition with this many events is flushed at once, whatever the time. */
  readonly flushEvents: number;
  /** Bytes of bodies after which all is flushed at once, whatever the time and the number of events. */
  readonly flushBytes: number;
  /** How long a request waits for Redis before it is answered 503, ms. */
  readonly waitMs: number;
  /** Replicas that must have an entry before its events count as taken; undefined for none. */
  readonly replicaWait: ReplicaWait | undefined;
  /** Bytes that may wait for Redis at once. */
  readonly maxBufferedBytes: number;
  /** Seed of the dictionaries' hash: random, below 2^53. */
  readonly seed: number;
}

/** Notified of each flush. */
export interface PublishObserver {
  /** Bytes are about to be sent to a partition. */
  sends(partition: number, bytes: number): void;
  published(entries: number, bytes: number, seconds: number): void;
  /** @param reasons of each entry that was not taken */
  failed(reasons: readonly GatewayError[]): void;
}

/** Dictionaries with more strings are cleared between two flushes. */
const MAX_DICTIONARY_STRINGS = 65_536;
/**
 * After this time a request is answered once its own partitions are done, whatever the flush's other partitions do, ms. A flush
 * seldom takes as long while all nodes answer.
 */
const PARTIAL_MS = 50;

/** Why partitions of a flush were not appended. */
type Failures = ReadonlyMap<number, GatewayError>;

/** The events of one flush, and the requests that wait for it. */
class Generation {
  readonly startedAtMs = performance.now();
  readonly traces: RequestTrace[] = [];
  /** Settles when all is appended, or some partition fails or takes long: those that are not appended yet. */
  readonly first = Promise.withResolvers<ReadonlySet<number>>();
  /** Settles when nothing is under way any more. */
  readonly last = Promise.withResolvers<Failures>();

  /** Waits for a request's partitions. @throws GatewayError of the first one that was not appended */
  async done(touched: Uint8Array): Promise<void> {
    const open = await this.first.promise;
    if (![...open].some((partition) => touched[partition] === 1)) return;
    for (const [partition, error] of await this.last.promise) {
      if (touched[partition] === 1) throw error;
    }
  }
}

/**
 * Collects valid events by partition and appends them to the streams, one entry a partition and flush. All requests of a flush wait
 * for one promise; no event has a promise of its own. While a node is unavailable, only requests with events for its partitions wait
 * and fail.
 */
export class Publisher {
  readonly #appends: PartitionAppends;
  readonly #options: PublisherOptions;
  readonly #observer: PublishObserver;
  readonly #trace: PublishTrace;
  readonly #dictionaries: RowDictionaries;
  readonly #scanner: BatchScanner;
  readonly #writers: EntryWriter[] = [];
  #generation: Generation | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushedAtMs = 0;
  /** Bytes of bodies whose events wait for the next flush. */
  #waitingBytes = 0;
  /** Bytes of entries that wait for Redis. */
  #sentBytes = 0;
  #flights = 0;
  #awaySinceMs: number | undefined;
  #seed = 0;
  /** 1 where the request at hand has an event for the partition. */
  #touched = new Uint8Array(0);
  #full = false;
  #tenant = "";

  constructor(
    client: RedisClient,
    options: PublisherOptions,
    observer: PublishObserver,
    trace: PublishTrace,
    logger: Logger,
  ) {
    this.#appends = new PartitionAppends(
      client,
      new EntryAppender(client, options.replicaWait),
      options.waitMs,
      logger,
    );
    this.#options = options;
    this.#observer = observer;
    this.#trace = trace;
    this.#dictionaries = createRowDictionaries(options.seed);
    this.#scanner = new BatchScanner(this.#dictionaries);
    for (let i = 0; i < options.partitions; i += 1)
      this.#writers.push(new EntryWriter(this.#dictionaries));
    client.on("close", () => {
      this.#awaySinceMs ??= performance.now();
    });
    client.on("ready", () => {
      this.#awaySinceMs = undefined;
    });
    if (!redisReady(client)) this.#awaySinceMs = performance.now();
  }

  /** True while Redis has been unavailable for longer than a request may wait: requests are refused at once. */
  get breakerOpen(): boolean {
    return (
      this.#awaySinceMs !== undefined &&
      performance.now() - this.#awaySinceMs >= this.#options.waitMs
    );
  }

  /** Flushes that wait for Redis. */
  get flights(): number {
    return this.#flights;
  }

  /** Refuses requests whose events could not be held. @throws GatewayError `redis_away`, `overloaded` */
  checkRoom(): void {
    if (this.breakerOpen) throw new GatewayError("redis_away", "Redis is unavailable", 1);
    if (this.#waitingBytes + this.#sentBytes > this.#options.maxBufferedBytes) {
      throw new GatewayError("overloaded", "too many events wait for Redis", 1);
    }
  }

  /**
   * Validates a msgpack body and puts its good events into their partitions' batches.
   * @param span of the request; its trace follows the events where it is recorded
   * @returns what was taken, and a promise that settles when Redis has it (rejects with GatewayError `redis_away`,
   *   `not_replicated`; then some of the request's events may be in Redis nevertheless)
   * @throws ProtocolError where the body cannot be read
   */
  publish(
    body: Uint8Array,
    tenant: string,
    options: Omit<ScanOptions, "tenant">,
    span: Span,
  ): { result: ScanResult; done: Promise<void> } {
    if (tenant !== this.#tenant) {
      this.#tenant = tenant;
      this.#seed = tenantSeed(tenant);
    }
    const code = this.#dictionaries.tenants.internText(tenant);
    const touched = new Uint8Array(this.#options.partitions);
    this.#touched = touched;
    const result = this.#scanner.scan(body, { ...options, tenant: code }, this.#route);
    if (result.accepted === 0) return { result, done: Promise.resolve() };
    this.#generation ??= new Generation();
    if (span.isRecording()) this.#generation.traces.push({ span, events: result.accepted });
    const done = this.#generation.done(touched);
    this.#waitingBytes += body.length;
    if (this.#waitingBytes >= this.#options.flushBytes) this.#full = true;
    this.#schedule();
    return { result, done };
  }

  /** Sends the waiting events, and waits for all flushes. */
  async close(): Promise<void> {
    const waiting = this.#generation?.last.promise;
    this.#flush();
    await waiting;
    while (this.#flights > 0) await sleep(5);
  }

  readonly #route = (row: EventRow): void => {
    const partition = partitionOfBytes(
      this.#seed,
      row.user,
      row.userStart,
      row.userStart + row.userLength,
      this.#options.partitions,
    );
    const writer = this.#writers[partition] as EntryWriter;
    this.#touched[partition] = 1;
    writer.append(row);
    if (writer.count >= this.#options.flushEvents) this.#full = true;
  };

  /** At low load a batch goes out in the same turn of the loop; under load it waits for the interval and grows. */
  #schedule(): void {
    if (this.#full) {
      this.#flush();
      return;
    }
    if (this.#timer !== undefined) return;
    const wait = this.#flushedAtMs + this.#options.flushIntervalMs - performance.now();
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, wait));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#full = false;
    this.#waitingBytes = 0;
    const generation = this.#generation;
    if (generation === undefined) return;
    this.#generation = undefined;
    this.#flushedAtMs = performance.now();
    const spans = this.#trace.begin(generation.traces);
    const entries: PartitionEntry[] = [];
    for (const [partition, writer] of this.#writers.entries()) {
      if (writer.count === 0) continue;
      for (const context of spans.contexts) writer.trace(context);
      const { count } = writer;
      entries.push({ partition, count, bytes: writer.finish() });
    }
    this.#renewDictionaries();
    void this.#send(generation, entries, spans.end);
  }

  async #send(
    generation: Generation,
    entries: readonly PartitionEntry[],
    endSpans: (entries: number, error?: Error) => void,
  ): Promise<void> {
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    this.#sentBytes += bytes;
    this.#flights += 1;
    const open = new Set(entries.map(({ partition }) => partition));
    const failures = new Map<number, GatewayError>();
    const timer = setTimeout(() => generation.first.resolve(new Set(open)), PARTIAL_MS);
    const deadlineMs = generation.startedAtMs + this.#options.waitMs;
    try {
      await Promise.all(
        entries.map(async (entry) => {
          this.#observer.sends(entry.partition, entry.bytes.length);
          try {
            await this.#appends.append(entry, deadlineMs);
            open.delete(entry.partition);
          } catch (error) {
            if (!(error instanceof GatewayError)) throw error;
            failures.set(entry.partition, error);
          }
        }),
      );
    } finally {
      clearTimeout(timer);
      this.#sentBytes -= bytes;
      this.#flights -= 1;
    }
    const [failure] = failures.values();
    if (failure === undefined) {
      const seconds = (performance.now() - generation.startedAtMs) / 1000;
      this.#observer.published(entries.length, bytes, seconds);
    } else this.#observer.failed([...failures.values()]);
    endSpans(entries.length, failure);
    generation.first.resolve(open);
    generation.last.resolve(failures);
  }

  /** All writers are empty between two flushes, so no code of the old strings is in use. */
  #renewDictionaries(): void {
    for (const dictionary of this.#dictionaries.dimensions) {
      if (dictionary.size > MAX_DICTIONARY_STRINGS) dictionary.clear();
    }
  }
}
