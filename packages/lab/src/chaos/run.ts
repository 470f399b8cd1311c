import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describeError } from "@tributary/platform/errors";
import { LabError } from "../errors.ts";
import { freePort, startPlatform, type Platform } from "@tributary/platform";
import { pause } from "@tributary/platform/client";
import { FAULT_KINDS, faultSchedule, type FaultKind, scaleSchedule, WORKERS } from "./faults.ts";
import { canLimitFileSize, Injector, type Injected } from "./injector.ts";
import { isClean, Judge, readEvidence, type Verdict } from "./judge.ts";
import { Leavers } from "./leavers.ts";
import { Load } from "./load.ts";
import { ProgressWatch } from "./progress-watch.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { MAX_ANONYMOUS_IDS, TENANTS, usersFor, workload } from "./workload.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** How long events are sent and faults begin. */
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Undefined: all that this machine allows. */
  readonly kinds: readonly FaultKind[] | undefined;
  /** Mean time between the beginnings of two faults, ms. */
  readonly everyMs: number;
  /** Numbers of workers to go through, instead of faults. */
  readonly scale: readonly number[] | undefined;
  readonly partitions: number;
  readonly threads: number;
  /** Where the platform lives; without it a folder of its own, removed where nothing was found. */
  readonly dataDir: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Milliseconds of a number of measurements. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ChaosResult extends Verdict {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Partial<Record<FaultKind, number>>>;
  readonly retries: number;
  /** From each fault until work went on in every partition; faults may overlap. */
  readonly recoveryMs: Readonly<Partial<Record<FaultKind, Spread>>>;
  /** Events that were read by one owner and computed by another, or once more by the same. */
  readonly recomputedEvents: number;
  /** From an entry's arrival in Redis to its commit, sampled through the run, faults and all. */
  readonly commitLatencyMs: Spread;
  /** Kept where something was found. */
  readonly dataDir: string | null;
}

const LEASE_MS = 2500;
const BATCH_EVENTS = 20;
const CLIENTS = 8;
/** Events of people who are erased, of the rate; and for which part of the run they are sent. */
const LEAVERS_SHARE = 0.1;
const LEAVERS_STAY = 0.4;
/** How long clients go on trying a batch, and how long everything may take to settle in the end. */
const PATIENCE_MS = 90_000;
const SETTLE_MS = 120_000;
/** A service that chaos kills is started again at once, however often. */
const RESTART = Object.freeze({ maxDelayMs: 250, maxDeaths: 100_000 });

/**
 * Starts a platform of several processes, sends it a seeded load, does to it what the seed says, and judges what came
 * out. The same seed gives the same load and the same schedule.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "tributary-chaos-"));
  const run = new ChaosRun({ ...options, dataDir });
  const result = await run.run();
  const clean = isClean(result);
  if (!clean || options.dataDir !== undefined) return { ...result, dataDir };
  rmSync(dataDir, { recursive: true, force: true });
  return result;
}

/** What is read of the report of conservation. */
interface Conserved {
  readonly complete: boolean;
  readonly events: { readonly residue: number; readonly erased: number };
  readonly money: readonly { readonly residue: string }[];
}

class ChaosRun {
  readonly #options: ChaosOptions & { readonly dataDir: string };
  readonly #judge = new Judge();
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #closers: (() => Promise<unknown>)[] = [];

  constructor(options: ChaosOptions & { readonly dataDir: string }) {
    this.#options = options;
  }

  async run(): Promise<ChaosResult> {
    try {
      return await this.#run();
    } finally {
      for (const close of this.#closers.toReversed()) await close();
    }
  }

  async #run(): Promise<ChaosResult> {
    const { seed, seconds, eventsPerSecond, partitions, dataDir, signal, note } = this.#options;
    const kinds = await this.#kinds();
    const { scale, everyMs } = this.#options;
    const schedule =
      scale === undefined
        ? faultSchedule({ seed, seconds, kinds, everyMs, leaseMs: LEASE_MS })
        : scaleSchedule(scale, seconds);
    const redisPort = await freePort();
    const platform = await this.#start(redisPort);
    const redis = connectPast(redisPort);
    this.#closers.push(async () => redis.disconnect());
    const watch = new ProgressWatch(redis, partitions);
    watch.start();
    this.#closers.push(() => watch.stop());
    const load = new Load({
      url: platform.gatewayUrl,
      batches: workload(seed, usersFor(eventsPerSecond * seconds), BATCH_EVENTS),
      clients: CLIENTS,
      batchesPerSecond: eventsPerSecond / BATCH_EVENTS,
      patienceMs: PATIENCE_MS,
      complain: (what) => this.#judge.unexplained(what),
    });
    const leavers = new Leavers({
      url: platform.gatewayUrl,
      reportsUrl: platform.reportsUrl,
      seed,
      batchEvents: BATCH_EVENTS,
      batchesPerSecond: (eventsPerSecond * LEAVERS_SHARE) / BATCH_EVENTS,
      sendMs: seconds * 1000 * LEAVERS_STAY,
      patienceMs: PATIENCE_MS,
      complain: (what) => this.#judge.unexplained(what),
      signal,
    });
    const injector = new Injector({
      platform,
      proxies: this.#proxies,
      redis,
      redisPort,
      load,
      watch,
      partitions,
    });

    note(`seed ${seed}: ${schedule.length} faults within ${seconds} s`);
    const startedMs = Date.now();
    load.start();
    const leaving = this.#explained("leavers could not be erased", leavers.leave());
    const running: Promise<Injected | undefined>[] = [];
    for (const fault of schedule) {
      await pause(Math.max(0, startedMs + fault.atMs - Date.now()), signal);
      if (signal.aborted) break;
      running.push(this.#inject(injector, fault, startedMs));
    }
    await pause(Math.max(0, startedMs + seconds * 1000 - Date.now()), signal);
    const injected = (await Promise.all(running)).filter((one) => one !== undefined);
    await load.finish();
    await leaving;
    if (signal.aborted) throw new LabError("interrupted", "stopped before the run could be judged");
    for (const { kind, what, recoveryMs } of injected) {
      if (recoveryMs === undefined) {
        this.#judge.unexplained(`${kind} (${what}): not recovered from within a minute`);
      }
    }

    await this.#settle(platform);
    await this.#explained("leavers are not erased", leavers.gone(SETTLE_MS));
    const latency = watch.latenciesSince(startedMs);
    const { reported, erased } = await this.#reported(platform);
    // Nobody kills Redis any more, and whole logs are read: this connection has no hurry.
    const patient = new Redis(redisPort, "127.0.0.1", { protocol: 2 });
    const evidence = await readEvidence(patient, partitions, reported, erased).finally(() => {
      patient.disconnect();
    });
    await platform.stop();
    note(`${load.sent.length} events sent, ${load.retries} tries again; judging`);
    const sent = { stayers: load.sent, leavers: leavers.sent };
    const verdict = await this.#judge.judge(sent, evidence, injector.poison, dataDir);
    const byKind = Map.groupBy(injected, ({ kind }) => kind);
    return {
      seed,
      seconds,
      faults: injected.length,
      ...verdict,
      faultsByKind: Object.fromEntries([...byKind].map(([kind, of]) => [kind, of.length])),
      retries: load.retries,
      recoveryMs: Object.fromEntries(
        [...byKind].map(([kind, of]) => [kind, spread(of.flatMap((one) => one.recoveryMs ?? []))]),
      ),
      recomputedEvents: evidence.recomputed,
      commitLatencyMs: spread(latency),
      dataDir: null,
    };
  }

  async #kinds(): Promise<readonly FaultKind[]> {
    const wanted = this.#options.kinds ?? FAULT_KINDS;
    if (!wanted.includes("redis_disk_full") || (await canLimitFileSize())) return wanted;
    this.#options.note("redis_disk_full is left out: prlimit does not work here");
    return wanted.filter((kind) => kind !== "redis_disk_full");
  }

  async #start(redisPort: number): Promise<Platform> {
    const { dataDir, partitions, threads, environment, signal, note } = this.#options;
    const keys = TENANTS.map((tenant) => `${tenant}=${tenant}`).join(",");
    const platform = await startPlatform({
      dataDir,
      port: 0,
      redisPort,
      workers: this.#options.scale?.[0] ?? WORKERS.first,
      threads,
      partitions,
      restart: RESTART,
      signal,
      redisUrlFor: async (name) => {
        const proxy = await TcpProxy.start(redisPort);
        this.#proxies.set(name, proxy);
        this.#closers.push(() => proxy.stop());
        return `redis://127.0.0.1:${proxy.port}`;
      },
      environment: {
        ...environment,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_LEASE_MS: String(LEASE_MS),
        TRIBUTARY_MAX_ANONYMOUS_IDS: String(MAX_ANONYMOUS_IDS),
        TRIBUTARY_WRITE_KEYS: keys,
        TRIBUTARY_READ_KEYS: keys,
        TRIBUTARY_ERASE_KEYS: keys,
      },
      note: (line) => {
        // 0 is a SIGTERM of ours, 137 the shell's word for a Redis killed by us; any other end is nobody's doing.
        if (/exit code (?!0|137)/.test(line)) this.#judge.unexplained(line);
        note(`  ${line}`);
      },
    });
    this.#closers.push(() => platform.stop());
    void platform.failed.then((error) => this.#judge.unexplained(error.message));
    return platform;
  }

  async #inject(
    injector: Injector,
    fault: Parameters<Injector["inject"]>[0],
    startedMs: number,
  ): Promise<Injected | undefined> {
    const second = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(5);
    this.#options.note(`${second} s ${fault.kind}`);
    try {
      return await injector.inject(fault);
    } catch (error) {
      this.#judge.unexplained(`${fault.kind} could not be done: ${describeError(error)}`);
      return undefined;
    }
  }

  /** Waits until everything that was accepted is attributed and loaded. */
  async #settle(platform: Platform): Promise<void> {
    const until = Date.now() + SETTLE_MS;
    const url = `${platform.reportsUrl}/v1/settled?timeoutMs=20000`;
    let last = "no answer";
    while (Date.now() < until) {
      try {
        const { settled } = (await getJson(url, TENANTS[0])) as { settled: boolean };
        if (settled) return;
        last = "not settled";
      } catch (error) {
        last = describeError(error);
      }
      await pause(250);
    }
    this.#judge.unexplained(`not settled within ${SETTLE_MS / 1000} s: ${last}`);
  }

  async #reported(
    platform: Platform,
  ): Promise<{ reported: Map<string, number>; erased: Map<string, number> }> {
    const reported = new Map<string, number>();
    const erased = new Map<string, number>();
    for (const tenant of TENANTS) {
      const url = `${platform.reportsUrl}/v1/reports/attribution?model=linear&by=channel`;
      const report = (await getJson(url, tenant)) as { totals: { conversions: number } };
      reported.set(tenant, report.totals.conversions);
      const conserved = (await getJson(
        `${platform.reportsUrl}/v1/reports/conservation`,
        tenant,
      )) as Conserved;
      erased.set(tenant, conserved.events.erased);
      const residues = [conserved.events, ...conserved.money].map(({ residue }) => residue);
      if (!conserved.complete || residues.some((residue) => Number(residue) !== 0)) {
        this.#judge.unexplained(
          `${tenant}: what was accepted is not conserved: ${JSON.stringify(conserved)}`,
        );
      }
    }
    return { reported, erased };
  }

  /** Counts what fails as unexplained. */
  async #explained(what: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#judge.unexplained(`${what}: ${describeError(error)}`);
    }
  }
}

/** A connection of the judge's own, which no proxy stands before. */
function connectPast(redisPort: number): Redis {
  const redis = new Redis(redisPort, "127.0.0.1", {
    protocol: 2,
    commandTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 20,
    maxLoadingRetryTime: 20,
  });
  // Redis is killed on purpose; who uses the connection sees its commands fail.
  redis.on("error", () => undefined);
  return redis;
}

async function getJson(url: string, tenant: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${tenant}` },
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
