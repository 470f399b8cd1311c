import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stateKey } from "@tributary/protocol";
import { readBooks, totalBooks } from "@tributary/streams";
import { Redis } from "ioredis";
import { LabError } from "../errors.ts";
import { startPlatform, type Platform, type ServiceName } from "@tributary/platform";
import { pause } from "@tributary/platform/client";
import { costsBetween, takeSnapshot } from "./costs.ts";
import { freshnessOf, probeFreshness } from "./freshness.ts";
import { LoadGenerator, type GeneratedLoad } from "./load/load-generator.ts";
import { checkReports, loadedAtMs, tenantName } from "./reports-check.ts";
import { type BenchResult, latencyOf } from "./result.ts";
import { checkResults, type ResultsFound } from "./results-check.ts";

export interface BenchOptions {
  /** Duration of the load at full speed. */
  readonly seconds: number;
  /** Duration of the latency measurement; 0 leaves it out. */
  readonly latencySeconds: number;
  /** Rate of the latency measurement; undefined for 70 % of the full speed. */
  readonly latencyEventsPerSecond: number | undefined;
  readonly load: GeneratedLoad;
  readonly workers: number;
  readonly threads: number;
  readonly partitions: number;
  /** Whether the warehouse is loaded too. */
  readonly warehouse: boolean;
  /** Programs of the services, those of another checkout; undefined: this one's. */
  readonly mains: Readonly<Partial<Record<ServiceName, string>>> | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

const WARM_UP_SECONDS = 3;
const LATENCY_SHARE = 0.7;
/** With the warehouse, whose loading takes its share of the machine. */
const FRESHNESS_SHARE = 0.5;
const SETTLE_MS = 120_000;
const POLL_MS = 20;

/**
 * Starts a platform of its own, sends events at full speed, then at 70 % of that, and counts every event and conversion.
 * @throws LabError `bench_failed` where an event or conversion is lost or counted twice: a bench then has no figure
 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-bench-"));
  const run = new BenchRun(options, dataDir);
  try {
    return await run.run();
  } finally {
    await run.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The started parts of a run. */
interface Started {
  readonly platform: Platform;
  readonly generator: LoadGenerator;
  readonly redis: Redis;
}

class BenchRun {
  readonly #options: BenchOptions;
  readonly #dataDir: string;
  readonly #partitions: readonly number[];
  #platform: Platform | undefined;
  #generator: LoadGenerator | undefined;
  #redis: Redis | undefined;
  #events = 0;
  #conversions = 0;

  constructor(options: BenchOptions, dataDir: string) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#partitions = Array.from({ length: options.partitions }, (_, i) => i);
  }

  async close(): Promise<void> {
    this.#generator?.stop();
    this.#redis?.disconnect();
    await this.#platform?.stop();
  }

  async run(): Promise<BenchResult> {
    const { seconds, latencySeconds, note } = this.#options;
    const started = await this.#start();
    const { platform, redis, generator } = started;
    note(`warming up for ${WARM_UP_SECONDS} s`);
    await this.#load(started, WARM_UP_SECONDS, undefined);
    note(`as fast as possible for ${seconds} s`);
    const before = await takeSnapshot(platform, redis, generator.pid);
    const full = await this.#load(started, seconds, undefined);
    const after = await takeSnapshot(platform, redis, generator.pid);
    const eventsPerSecond = (full.events / (full.drainedAtMs - full.startedAtMs)) * 1000;
    const acceptedPerSecond = (full.events / (full.acknowledgedAtMs - full.startedAtMs)) * 1000;

    const share = this.#options.warehouse ? FRESHNESS_SHARE : LATENCY_SHARE;
    const rate = Math.round(this.#options.latencyEventsPerSecond ?? eventsPerSecond * share);
    const latencyFrom = this.#conversions;
    let freshness: readonly number[] = [];
    if (latencySeconds > 0) {
      note(`${rate.toLocaleString("en-US")} events/s for ${latencySeconds} s`);
      freshness = await this.#loadAtRate(started, latencySeconds, rate);
    }
    note("counting");
    const found = await this.#check(started, latencyFrom);
    return {
      eventsPerSecond: Math.round(eventsPerSecond),
      acceptedPerSecond: Math.round(acceptedPerSecond),
      seconds,
      events: this.#events,
      attributedConversions: found.attributed,
      lost: found.lost,
      duplicated: found.duplicated,
      retries: full.retries,
      latencyMs: latencyOf(found.latenciesMs, rate),
      freshnessMs: freshnessOf(freshness, rate),
      ...costsBetween(before, after, full.events),
    };
  }

  async #start(): Promise<Started> {
    const platform = await this.#startPlatform();
    const redis = new Redis(platform.redisUrl, { protocol: 2 });
    this.#redis = redis;
    const generator = await LoadGenerator.start(platform, this.#options.load);
    this.#generator = generator;
    return { platform, redis, generator };
  }

  /** @returns with the warehouse, the times until conversions were reported, ms; else none */
  async #loadAtRate(started: Started, seconds: number, rate: number): Promise<readonly number[]> {
    if (!this.#options.warehouse) {
      await this.#load(started, seconds, rate);
      return [];
    }
    const { gatewayUrl, reportsUrl } = started.platform;
    const key = this.#options.load.tenants === 1 ? undefined : tenantName(0);
    const until = performance.now() + seconds * 1000;
    const probing = probeFreshness(
      { gatewayUrl, reportsUrl, key },
      () => performance.now() > until || this.#options.signal.aborted,
    );
    const [times] = await Promise.all([probing, this.#load(started, seconds, rate)]);
    this.#events += times.length;
    this.#conversions += times.length;
    return times;
  }

  async #startPlatform(): Promise<Platform> {
    const { workers, threads, partitions, warehouse, mains, environment, load } = this.#options;
    const keys = Array.from(
      { length: load.tenants },
      (_, i) => `${tenantName(i)}=${tenantName(i)}`,
    );
    const own =
      load.tenants === 1
        ? {}
        : { TRIBUTARY_WRITE_KEYS: keys.join(","), TRIBUTARY_READ_KEYS: keys.join(",") };
    // Without the warehouse nobody acknowledges results: they stay in Redis and are counted at the end.
    const backlog = warehouse
      ? {}
      : { TRIBUTARY_MAX_BACKLOG_MB: "1048576", TRIBUTARY_MAX_PARTITION_BACKLOG_MB: "1048576" };
    this.#platform = await startPlatform({
      dataDir: this.#dataDir,
      port: 0,
      workers,
      threads,
      partitions,
      reports: warehouse,
      mains,
      // Code that one revision has compiled earlier would distort the comparison of two.
      environment: { ...environment, ...own, ...backlog, NODE_DISABLE_COMPILE_CACHE: "1" },
      signal: this.#options.signal,
      note: (line) => this.#options.note(`  ${line}`),
    });
    return this.#platform;
  }

  /** Sends for a time, and waits until everything is answered and committed, with the warehouse also loaded. */
  async #load(
    { platform, redis, generator }: Started,
    seconds: number,
    eventsPerSecond: number | undefined,
  ) {
    const done = await generator.load(seconds, eventsPerSecond);
    this.#events += done.events;
    this.#conversions += done.conversions;
    const committedAtMs = await this.#drained(redis, seconds);
    // A commit may precede its answer: the load ends with the later of both.
    const endedAtMs = Math.max(committedAtMs, done.acknowledgedAtMs);
    const { warehouse, load } = this.#options;
    const drainedAtMs = warehouse ? await loadedAtMs(platform.reportsUrl, load.tenants) : endedAtMs;
    return { ...done, drainedAtMs };
  }

  /** @returns the time of the last commit, ms since 1970 */
  async #drained(redis: Redis, seconds: number): Promise<number> {
    const until = Date.now() + SETTLE_MS + seconds * 1000;
    for (;;) {
      const total = totalBooks((await readBooks(redis, this.#partitions)).tenants);
      if (total.accepted >= this.#events) break;
      if (Date.now() > until) {
        const missing = this.#events - total.accepted;
        throw new LabError("bench_failed", `${missing} events were not attributed in time`);
      }
      await pause(POLL_MS, this.#options.signal);
      if (this.#options.signal.aborted) throw new LabError("interrupted", "stopped");
    }
    const times = await Promise.all(
      this.#partitions.map(async (partition) => redis.hget(stateKey(partition), "committed_at")),
    );
    return Math.max(...times.map(Number));
  }

  /** @throws LabError `bench_failed` where anything was lost or counted twice */
  async #check({ platform, redis }: Started, latencyFrom: number): Promise<ResultsFound> {
    const books = await readBooks(redis, this.#partitions);
    const total = totalBooks(books.tenants);
    const dropped = Object.values(total.dropped).reduce((sum, count) => sum + count, 0);
    const residue = books.partitions.reduce((sum, of) => sum + Math.abs(of.residue), 0);
    const { warehouse, load } = this.#options;
    const found = warehouse
      ? await checkReports(platform.reportsUrl, load.tenants, this.#conversions)
      : await checkResults(redis, this.#partitions.length, this.#conversions, latencyFrom);
    const wrong = [
      [this.#events - total.processed, "events lost"],
      [dropped, "events dropped by a bound"],
      [total.deadLettered, "events dead-lettered"],
      [residue, "events that the books do not account for"],
      [found.lost, "conversions lost"],
      [found.duplicated, "conversions attributed twice"],
    ].filter(([count]) => count !== 0);
    if (wrong.length === 0) return found;
    throw new LabError(
      "bench_failed",
      `no figure is given: ${wrong.map(([count, what]) => `${count} ${what}`).join(", ")}`,
    );
  }
}
