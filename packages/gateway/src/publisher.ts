import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchScanner,
  BLOCK_FIELD,
  COUNT_FIELD,
  createRowDictionaries,
  EntryWriter,
  eventsKey,
  type EventRow,
  partitionOfBytes,
  type RowDictionaries,
  type ScanOptions,
  type ScanResult,
  tenantSeed,
} from "@tributary/protocol";
import { type RedisClient, redisReady, waitUntilReady } from "@tributary/streams";
import type { Logger, Span } from "@tributary/telemetry";
import { GatewayError } from "./errors.ts";
import type { PublishTrace, RequestTrace } from "./trace-publish.ts";

export interface PublisherOptions {
  readonly partitions: number;
  /** Least time between two flushes, ms: the longest that an event waits for its batch. */
  readonly flushIntervalMs: number;
  /** A partition with this many events is flushed at once, whatever the time. */
  readonly flushEvents: number;
  /** How long events wait for Redis before their request is answered 503, ms. */
  readonly waitMs: number;
  /** Bytes that may wait for Redis at once. */
  readonly maxBufferedBytes: number;
  /** Seed of the dictionaries' hash: random, below 2^53. */
  readonly seed: number;
}

/** Told of each flush. */
export interface PublishObserver {
  published(entries: number, bytes: number, seconds: number): void;
  failed(): void;
}

/** Dictionaries with more strings are begun anew, between two flushes. */
const MAX_DICTIONARY_STRINGS = 65_536;
const RETRY_MS = 20;

/** One flush's worth of events, and whoever waits for it. */
class Generation {
  readonly done: Promise<void>;
  readonly startedAtMs = performance.now();
  readonly traces: RequestTrace[] = [];
  resolve: () => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Every request awaits it as well; this keeps a generation whose requests are gone from ending the process.
    this.done.catch(() => undefined);
  }
}

interface PartitionEntry {
  readonly partition: number;
  readonly count: number;
  readonly bytes: Buffer;
}

/**
 * Collects valid events by partition and appends them to the streams, one entry a partition and flush. All requests of
 * a flush wait for one promise: there is none an event.
 */
export class Publisher {
  readonly #client: RedisClient;
  readonly #options: PublisherOptions;
  readonly #observer: PublishObserver;
  readonly #trace: PublishTrace;
  readonly #logger: Logger;
  readonly #dictionaries: RowDictionaries;
  readonly #scanner: BatchScanner;
  readonly #writers: EntryWriter[] = [];
  #generation: Generation | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushedAtMs = 0;
  #bufferedBytes = 0;
  #flights = 0;
  #awaySinceMs: number | undefined;
  #seed = 0;
  #full = false;
  #tenant = "";

  constructor(
    client: RedisClient,
    options: PublisherOptions,
    observer: PublishObserver,
    trace: PublishTrace,
    logger: Logger,
  ) {
    this.#client = client;
    this.#options = options;
    this.#observer = observer;
    this.#trace = trace;
    this.#logger = logger;
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

  /** True while Redis has been away for longer than a request may wait: requests are refused at once. */
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

  /** Refuses what could not be kept. @throws GatewayError `redis_away`, `overloaded` */
  checkRoom(): void {
    if (this.breakerOpen) throw new GatewayError("redis_away", "the event store is away", 1);
    if (this.#bufferedBytes > this.#options.maxBufferedBytes) {
      throw new GatewayError("overloaded", "too many events wait for the event store", 1);
    }
  }

  /**
   * Validates a msgpack body and puts its good events into their partitions' batches.
   * @param span of the request; its trace follows the events where it is recorded
   * @returns what was taken, and a promise that settles when Redis has it (rejects with GatewayError `redis_away`)
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
    const result = this.#scanner.scan(body, { ...options, tenant: code }, this.#route);
    if (result.accepted === 0) return { result, done: Promise.resolve() };
    this.#generation ??= new Generation();
    if (span.isRecording()) this.#generation.traces.push({ span, events: result.accepted });
    const { done } = this.#generation;
    this.#schedule();
    return { result, done };
  }

  /** Sends what waits, and waits for what is under way. */
  async close(): Promise<void> {
    const waiting = this.#generation?.done;
    this.#flush();
    await waiting?.catch(() => undefined);
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
    this.#bufferedBytes += bytes;
    this.#flights += 1;
    try {
      await this.#appendAll(entries, generation.startedAtMs + this.#options.waitMs);
      const seconds = (performance.now() - generation.startedAtMs) / 1000;
      this.#observer.published(entries.length, bytes, seconds);
      endSpans(entries.length);
      generation.resolve();
    } catch (error) {
      this.#observer.failed();
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#logger.warn(
        {
          err: cause,
          entries: entries.length,
          trace_ids: generation.traces.map(({ span }) => span.spanContext().traceId),
        },
        "events were not accepted: Redis did not take them in time",
      );
      endSpans(entries.length, cause);
      generation.reject(
        new GatewayError("redis_away", "the event store did not answer in time", 1),
      );
    } finally {
      this.#bufferedBytes -= bytes;
      this.#flights -= 1;
    }
  }

  /**
   * Appends every entry, trying again until the deadline. An XADD whose reply was lost may be in the stream twice then:
   * the workers remove its events as duplicates.
   */
  async #appendAll(entries: readonly PartitionEntry[], deadlineMs: number): Promise<void> {
    let left = entries;
    for (;;) {
      const results = await Promise.allSettled(left.map(async (entry) => this.#append(entry)));
      const failed = results.find((result) => result.status === "rejected");
      if (failed === undefined) return;
      left = left.filter((_, i) => results[i]?.status === "rejected");
      const remaining = deadlineMs - performance.now();
      if (remaining <= 0) throw failed.reason;
      await sleep(Math.min(RETRY_MS, remaining));
      await waitUntilReady(this.#client, deadlineMs - performance.now());
    }
  }

  async #append({ partition, count, bytes }: PartitionEntry): Promise<void> {
    await this.#client.xadd(eventsKey(partition), "*", COUNT_FIELD, count, BLOCK_FIELD, bytes);
  }

  /** All writers are empty between two flushes, so no code of the old strings is in use. */
  #renewDictionaries(): void {
    for (const dictionary of this.#dictionaries.dimensions) {
      if (dictionary.size > MAX_DICTIONARY_STRINGS) dictionary.clear();
    }
  }
}
