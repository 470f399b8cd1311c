import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stateKey } from "@tributary/protocol";
import { readBooks, totalBooks } from "@tributary/streams";
import { Redis } from "ioredis";
import { LabError } from "../errors.ts";
import {
  EXIT_WITH_PARENT,
  startPlatform,
  type Platform,
  type ServiceName,
} from "@tributary/platform";
import { pause } from "@tributary/platform/client";
import { type BenchFreshness, freshnessOf, probeFreshness } from "./freshness.ts";
import type { GeneratorReady, GeneratorSetup, LoadDone, LoadOrder } from "./messages.ts";
import { processUsage, type ProcessUsage } from "./process-usage.ts";
import { checkResults, type ResultsFound } from "./results-check.ts";

export interface BenchOptions {
  /** How long events are sent as fast as they are taken. */
  readonly seconds: number;
  /** How long latency is measured; 0 leaves it out. */
  readonly latencySeconds: number;
  /** Rate at which latency is measured; undefined: 70 % of what was reached. */
  readonly latencyEventsPerSecond: number | undefined;
  readonly load: Omit<GeneratorSetup, "kind" | "host" | "port">;
  readonly workers: number;
  readonly threads: number;
  readonly partitions: number;
  /** Whether the warehouse is loaded meanwhile. */
  readonly warehouse: boolean;
  /** Programs of the services, those of another checkout; undefined: this one's. */
  readonly mains: Readonly<Partial<Record<ServiceName, string>>> | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

type Part = "gateway" | "worker" | "redis" | "reports" | "generator";

/** From the due time of a conversion's request to the commit of its result, ms. */
export interface BenchLatency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly atEventsPerSecond: number;
  readonly conversions: number;
}

export interface BenchResult {
  /** Events from the first request to the last commit, all drained. */
  readonly eventsPerSecond: number;
  /** Events from the first request to the last answer. */
  readonly acceptedPerSecond: number;
  readonly seconds: number;
  readonly events: number;
  readonly attributedConversions: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Requests that were sent again after 429 or 503. */
  readonly retries: number;
  /** Null where it was not measured. */
  readonly latencyMs: BenchLatency | null;
  /** With the warehouse on; else null. */
  readonly freshnessMs: BenchFreshness | null;
  readonly cpuMicrosPerEvent: Readonly<Partial<Record<Part, number>>>;
  /** Redis' own time by command, with what its scripts call. */
  readonly redisMicrosPerEvent: Readonly<Record<string, number>>;
  /** Bytes of the entries that the gateway appends, the stream's own included. */
  readonly redisBytesPerEvent: number;
  /** Growth of Redis' memory by an event that is attributed: its fact, and results until they are loaded. */
  readonly redisKeptBytesPerEvent: number;
  readonly peakRssMiB: Readonly<Partial<Record<Part, number>>>;
}

const WARM_UP_SECONDS = 3;
const LATENCY_SHARE = 0.7;
/** With the warehouse on, whose loading takes its part of the machine. */
const FRESHNESS_SHARE = 0.5;
const SETTLE_MS = 120_000;
const POLL_MS = 20;
/** Commands of less time an event are left out, µs. */
const LEAST_MICROS = 0.001;

/**
 * Starts a platform of its own, sends it as much as it takes, then 70 % of that, and counts every event and conversion.
 * @throws LabError `bench_failed` where an event or conversion is lost or counted twice: then there is no figure
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

interface Snapshot {
  readonly usage: Readonly<Partial<Record<Part, ProcessUsage>>>;
  readonly commands: ReadonlyMap<string, number>;
  readonly memoryBytes: number;
  readonly publishedBytes: number;
}

class BenchRun {
  readonly #options: BenchOptions;
  readonly #dataDir: string;
  readonly #partitions: readonly number[];
  #platform: Platform | undefined;
  #generator: ChildProcess | undefined;
  #redis: Redis | undefined;
  #events = 0;
  #conversions = 0;

  constructor(options: BenchOptions, dataDir: string) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#partitions = Array.from({ length: options.partitions }, (_, i) => i);
  }

  async close(): Promise<void> {
    this.#generator?.kill("SIGKILL");
    this.#redis?.disconnect();
    await this.#platform?.stop();
  }

  async run(): Promise<BenchResult> {
    const { seconds, latencySeconds, note } = this.#options;
    const platform = await this.#start();
    const redis = new Redis(platform.redisUrl, { protocol: 2 });
    this.#redis = redis;
    await this.#startGenerator(platform);
    note(`warming up for ${WARM_UP_SECONDS} s`);
    await this.#load(redis, WARM_UP_SECONDS, undefined);
    note(`as fast as possible for ${seconds} s`);
    const before = await this.#snapshot(platform, redis);
    const full = await this.#load(redis, seconds, undefined);
    const after = await this.#snapshot(platform, redis);
    const eventsPerSecond = (full.events / (full.drainedAtMs - full.startedAtMs)) * 1000;
    const acceptedPerSecond = (full.events / (full.acknowledgedAtMs - full.startedAtMs)) * 1000;

    const share = this.#options.warehouse ? FRESHNESS_SHARE : LATENCY_SHARE;
    const rate = Math.round(this.#options.latencyEventsPerSecond ?? eventsPerSecond * share);
    const latencyFrom = this.#conversions;
    let freshness: readonly number[] = [];
    if (latencySeconds > 0) {
      note(`${rate.toLocaleString("en-US")} events/s for ${latencySeconds} s`);
      freshness = await this.#loadAtRate(platform, redis, latencySeconds, rate);
    }
    note("counting");
    const found = await this.#check(platform, redis, latencyFrom);
    const perEvent = (value: number): number => round(value / full.events, 3);
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
      cpuMicrosPerEvent: mapParts(after, (part, { cpuMicros }) =>
        perEvent(cpuMicros - (before.usage[part]?.cpuMicros ?? 0)),
      ),
      redisMicrosPerEvent: commandCosts(before.commands, after.commands, full.events),
      redisBytesPerEvent: round(perEvent(after.publishedBytes - before.publishedBytes), 1),
      redisKeptBytesPerEvent: round(perEvent(after.memoryBytes - before.memoryBytes), 1),
      peakRssMiB: mapParts(after, (_, { peakRssMib }) => peakRssMib),
    };
  }

  /** @returns with the warehouse on, how long it took until conversions were reported, ms */
  async #loadAtRate(
    platform: Platform,
    redis: Redis,
    seconds: number,
    rate: number,
  ): Promise<readonly number[]> {
    if (!this.#options.warehouse) {
      await this.#load(redis, seconds, rate);
      return [];
    }
    const { gatewayUrl, reportsUrl } = platform;
    const key = this.#options.load.tenants === 1 ? undefined : "tenant-0";
    const until = performance.now() + seconds * 1000;
    const probing = probeFreshness(
      { gatewayUrl, reportsUrl, key },
      () => performance.now() > until || this.#options.signal.aborted,
    );
    const [times] = await Promise.all([probing, this.#load(redis, seconds, rate)]);
    this.#events += times.length;
    this.#conversions += times.length;
    return times;
  }

  async #start(): Promise<Platform> {
    const { workers, threads, partitions, warehouse, mains, environment, load } = this.#options;
    const keys = Array.from({ length: load.tenants }, (_, i) => `tenant-${i}=tenant-${i}`);
    const own =
      load.tenants === 1
        ? {}
        : { TRIBUTARY_WRITE_KEYS: keys.join(","), TRIBUTARY_READ_KEYS: keys.join(",") };
    // Without the warehouse nothing acknowledges results: they stay in Redis for the count at the end.
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
      // Two revisions are compared without code that one of them compiled earlier.
      environment: { ...environment, ...own, ...backlog, NODE_DISABLE_COMPILE_CACHE: "1" },
      signal: this.#options.signal,
      note: (line) => this.#options.note(`  ${line}`),
    });
    return this.#platform;
  }

  async #startGenerator(platform: Platform): Promise<void> {
    const program = fileURLToPath(new URL("./generator.ts", import.meta.url));
    this.#generator = fork(program, [], { execArgv: ["--import", EXIT_WITH_PARENT] });
    const { hostname, port } = new URL(platform.gatewayUrl);
    await this.#ask<GeneratorReady>({
      kind: "setup",
      host: hostname,
      port: Number(port),
      ...this.#options.load,
    });
  }

  async #ask<Answer>(message: GeneratorSetup | LoadOrder): Promise<Answer> {
    const generator = this.#generator as ChildProcess;
    generator.send(message);
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      return await Promise.race([
        once(generator, "message", { signal }).then(([answer]) => answer as Answer),
        once(generator, "exit", { signal }).then(() => {
          throw new LabError("bench_failed", "the load generator ended; its words are above");
        }),
        (this.#platform as Platform).failed.then((error) => {
          throw error;
        }),
      ]);
    } finally {
      waiting.abort();
    }
  }

  /** Sends for a time and waits until all of it is answered and committed. */
  async #load(redis: Redis, seconds: number, eventsPerSecond: number | undefined) {
    const done = await this.#ask<LoadDone>({ kind: "load", seconds, eventsPerSecond });
    this.#events += done.events;
    this.#conversions += done.conversions;
    const committedAtMs = await this.#drained(redis, seconds);
    // What is committed may have been answered a moment later: it is over when both are done.
    const endedAtMs = Math.max(committedAtMs, done.acknowledgedAtMs);
    const drainedAtMs = this.#options.warehouse ? await this.#loadedAtMs() : endedAtMs;
    return { ...done, drainedAtMs };
  }

  /** @returns when the last commit was made, ms since 1970 */
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

  async #snapshot(platform: Platform, redis: Redis): Promise<Snapshot> {
    const usage: Partial<Record<Part, ProcessUsage>> = {};
    const processes = [...platform.processes(), { name: "generator", pid: this.#generator?.pid }];
    for (const { name, pid } of processes) {
      const part = name.replace(/-\d+$/, "") as Part;
      const used = pid === undefined ? undefined : processUsage(pid);
      if (used !== undefined) usage[part] = added(usage[part], used);
    }
    const metrics = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    const info = await redis.info("everything");
    return {
      usage,
      commands: commandMicros(info),
      memoryBytes: Number(/^used_memory:(\d+)/m.exec(info)?.[1]),
      publishedBytes: Number(/^tributary_publish_bytes_total (\S+)$/m.exec(metrics)?.[1]),
    };
  }

  /** @throws LabError `bench_failed` where anything was lost or counted twice */
  async #check(platform: Platform, redis: Redis, latencyFrom: number): Promise<ResultsFound> {
    const books = await readBooks(redis, this.#partitions);
    const total = totalBooks(books.tenants);
    const dropped = Object.values(total.dropped).reduce((sum, count) => sum + count, 0);
    const residue = books.partitions.reduce((sum, of) => sum + Math.abs(of.residue), 0);
    const found = this.#options.warehouse
      ? await this.#checkWarehouse(platform)
      : await checkResults(redis, this.#partitions.length, this.#conversions, latencyFrom);
    const wrong = [
      [this.#events - total.processed, "events lost"],
      [dropped, "events dropped by a bound"],
      [total.deadLettered, "events dead-lettered"],
      [residue, "events that the books do not explain"],
      [found.lost, "conversions lost"],
      [found.duplicated, "conversions attributed twice"],
    ].filter(([count]) => count !== 0);
    if (wrong.length === 0) return found;
    throw new LabError(
      "bench_failed",
      `no figure is given: ${wrong.map(([count, what]) => `${count} ${what}`).join(", ")}`,
    );
  }

  /** Waits until the warehouse has all that was committed. @returns when it did, ms since 1970 */
  async #loadedAtMs(): Promise<number> {
    const reportsUrl = this.#platform?.reportsUrl ?? "";
    const headers = this.#options.load.tenants === 1 ? {} : { authorization: "Bearer tenant-0" };
    for (const until = Date.now() + SETTLE_MS; Date.now() < until;) {
      const response = await fetch(`${reportsUrl}/v1/settled?timeoutMs=10000`, { headers });
      if (!response.ok) throw new LabError("bench_failed", await response.text());
      if (((await response.json()) as { settled: boolean }).settled) return Date.now();
    }
    throw new LabError("bench_failed", `not all was loaded within ${SETTLE_MS / 1000} s`);
  }

  /** With the warehouse on, results leave Redis: the report counts them. */
  async #checkWarehouse({ reportsUrl }: Platform): Promise<ResultsFound> {
    const { tenants } = this.#options.load;
    let attributed = 0;
    await this.#loadedAtMs();
    for (let i = 0; i < tenants; i += 1) {
      const headers = tenants === 1 ? {} : { authorization: `Bearer tenant-${i}` };
      const url = `${reportsUrl}/v1/reports/attribution?model=linear&by=channel`;
      const response = await fetch(url, { headers });
      if (!response.ok) throw new LabError("bench_failed", await response.text());
      const report = (await response.json()) as { totals: { conversions: number } };
      attributed += report.totals.conversions;
    }
    return {
      attributed,
      lost: Math.max(0, this.#conversions - attributed),
      duplicated: Math.max(0, attributed - this.#conversions),
      latenciesMs: new Float64Array(0),
    };
  }
}

function added(one: ProcessUsage | undefined, other: ProcessUsage): ProcessUsage {
  return {
    cpuMicros: (one?.cpuMicros ?? 0) + other.cpuMicros,
    peakRssMib: (one?.peakRssMib ?? 0) + other.peakRssMib,
  };
}

function mapParts(
  { usage }: Snapshot,
  value: (part: Part, usage: ProcessUsage) => number,
): Partial<Record<Part, number>> {
  const entries = Object.entries(usage) as [Part, ProcessUsage][];
  return Object.fromEntries(entries.map(([part, used]) => [part, value(part, used)]));
}

/** µs spent in each command, from INFO commandstats; those that a script calls are also part of it. */
function commandMicros(info: string): Map<string, number> {
  const found = info.matchAll(/^cmdstat_([^:]+):calls=\d+,usec=(\d+)/gm);
  return new Map([...found].map(([, name, micros]) => [name as string, Number(micros)]));
}

function commandCosts(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  events: number,
): Record<string, number> {
  const costs = [...after].map(([name, micros]): [string, number] => [
    name,
    round((micros - (before.get(name) ?? 0)) / events, 3),
  ]);
  return Object.fromEntries(
    costs.filter(([, cost]) => cost >= LEAST_MICROS).toSorted((a, b) => b[1] - a[1]),
  );
}

function latencyOf(values: Float64Array, atEventsPerSecond: number): BenchLatency | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  return {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: sorted.at(-1) as number,
    atEventsPerSecond,
    conversions: sorted.length,
  };
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places));
}
