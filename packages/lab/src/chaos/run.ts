import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Platform } from "@tributary/platform";
import { describeError } from "@tributary/platform/errors";
import { pause } from "@tributary/platform/client";
import { Redis } from "ioredis";
import { LabError } from "../errors.ts";
import { readEvidence } from "./judge/evidence.ts";
import {
  type Fault,
  FAULT_KINDS,
  type FaultKind,
  faultSchedule,
  NEEDS_PASSERS_BY,
  scaleSchedule,
  WORKERS,
} from "./inject/faults.ts";
import { canLimitFileSize, type Injected, Injector } from "./inject/injector.ts";
import { Judge } from "./judge/judge.ts";
import { isClean } from "./judge/verdict.ts";
import { Leavers } from "./traffic/leavers.ts";
import { Load } from "./traffic/load.ts";
import { PassersBy } from "./traffic/passers-by.ts";
import {
  connectPast,
  LEASE_MS,
  type PlatformUnderTest,
  startPlatformUnderTest,
} from "./platform-under-test.ts";
import { ProgressWatch } from "./inject/progress-watch.ts";
import { readReported, SETTLE_MS, settled } from "./judge/reported.ts";
import { type ChaosResult, spread } from "./result.ts";
import { usersFor, workload } from "./traffic/workload.ts";

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

const BATCH_EVENTS = 20;
const CLIENTS = 8;
/** Events of people who are erased, of the rate; and for which part of the run they are sent. */
const LEAVERS_SHARE = 0.1;
const LEAVERS_STAY = 0.4;
/** Batches of passers-by a second. */
const PASSERS_BY_BATCHES = 4;
/** How long clients go on trying a batch. */
const PATIENCE_MS = 90_000;

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

/** Everybody who sends events in a run. */
interface Traffic {
  readonly load: Load;
  readonly leavers: Leavers;
  readonly passersBy: PassersBy;
}

/** What a run did, before it is judged. */
interface Happened extends Traffic {
  readonly injected: readonly Injected[];
  readonly poison: readonly string[];
  /** Arrival to commit, ms. */
  readonly latencies: readonly number[];
}

class ChaosRun {
  readonly #options: ChaosOptions & { readonly dataDir: string };
  readonly #judge = new Judge();
  readonly #closers: (() => Promise<unknown>)[] = [];

  constructor(options: ChaosOptions & { readonly dataDir: string }) {
    this.#options = options;
  }

  async run(): Promise<ChaosResult> {
    try {
      const redisPort = await freePort();
      const under = await startPlatformUnderTest({
        ...this.#options,
        redisPort,
        workers: this.#options.scale?.[0] ?? WORKERS.first,
        unexplained: (what) => this.#judge.unexplained(what),
      });
      this.#closers.push(under.stop);
      const happened = await this.#drive(under, redisPort);
      return await this.#conclude(under.platform, redisPort, happened);
    } finally {
      for (const close of this.#closers.toReversed()) await close();
    }
  }

  /** Sends the load while the faults of the schedule happen, until all of both is over. */
  async #drive({ platform, proxies }: PlatformUnderTest, redisPort: number): Promise<Happened> {
    const { seed, seconds, partitions, dataDir, signal, note } = this.#options;
    const schedule = await this.#schedule();
    const redis = connectPast(redisPort);
    this.#closers.push(async () => redis.disconnect());
    const watch = new ProgressWatch(redis, partitions);
    watch.start();
    this.#closers.push(() => watch.stop());
    const traffic = this.#traffic(platform);
    const { load, leavers, passersBy } = traffic;
    const injector = new Injector({
      platform,
      proxies,
      redis,
      redisPort,
      load,
      passersBy,
      watch,
      partitions,
      logPathOf: (name) => join(dataDir, "logs", `${name}.log`),
    });

    note(`seed ${seed}: ${schedule.length} faults within ${seconds} s`);
    const startedMs = Date.now();
    load.start();
    if (partitions > 1) passersBy.start();
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
    await passersBy.finish();
    await leaving;
    if (signal.aborted) throw new LabError("interrupted", "stopped before the run could be judged");
    return {
      ...traffic,
      injected,
      poison: injector.poison,
      latencies: watch.latenciesSince(startedMs),
    };
  }

  /** Waits until all is attributed and loaded, stops the platform and judges. */
  async #conclude(platform: Platform, redisPort: number, happened: Happened): Promise<ChaosResult> {
    const { seed, seconds, partitions, dataDir, note } = this.#options;
    const { load, leavers, passersBy, injected } = happened;
    const unexplained = (what: string): void => this.#judge.unexplained(what);
    for (const { kind, what, recoveryMs } of injected) {
      if (recoveryMs === undefined) {
        unexplained(`${kind} (${what}): not recovered from within a minute`);
      }
    }
    await settled(platform.reportsUrl, unexplained);
    await this.#explained("leavers are not erased", leavers.gone(SETTLE_MS));
    const reported = await readReported(platform.reportsUrl, unexplained);
    // Nobody kills Redis any more, and whole logs are read: this connection has no hurry.
    const patient = new Redis(redisPort, "127.0.0.1", { protocol: 2 });
    const evidence = await readEvidence(patient, partitions, passersBy.partition).finally(() => {
      patient.disconnect();
    });
    await platform.stop();
    note(`${load.sent.length} events sent, ${load.retries} tries again; judging`);
    const sent = { stayers: load.sent, leavers: leavers.sent, passersBy: passersBy.outcome() };
    const verdict = await this.#judge.judge(
      sent,
      { ...evidence, reported },
      happened.poison,
      dataDir,
    );
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
      commitLatencyMs: spread(happened.latencies),
      dataDir: null,
    };
  }

  #traffic({ gatewayUrl, reportsUrl }: Platform): Traffic {
    const { seed, seconds, eventsPerSecond, partitions, signal } = this.#options;
    const common = {
      url: gatewayUrl,
      patienceMs: PATIENCE_MS,
      complain: (what: string): void => this.#judge.unexplained(what),
    };
    return {
      load: new Load({
        ...common,
        batches: workload(seed, usersFor(eventsPerSecond * seconds), BATCH_EVENTS, partitions),
        clients: CLIENTS,
        batchesPerSecond: eventsPerSecond / BATCH_EVENTS,
      }),
      leavers: new Leavers({
        ...common,
        reportsUrl,
        seed,
        batchEvents: BATCH_EVENTS,
        partitions,
        batchesPerSecond: (eventsPerSecond * LEAVERS_SHARE) / BATCH_EVENTS,
        sendMs: seconds * 1000 * LEAVERS_STAY,
        signal,
      }),
      passersBy: new PassersBy({
        ...common,
        partitions,
        batchesPerSecond: PASSERS_BY_BATCHES,
      }),
    };
  }

  async #schedule(): Promise<readonly Fault[]> {
    const { seed, seconds, scale, everyMs } = this.#options;
    if (scale !== undefined) return scaleSchedule(scale, seconds);
    const kinds = await this.#kinds();
    return faultSchedule({ seed, seconds, kinds, everyMs, leaseMs: LEASE_MS });
  }

  async #kinds(): Promise<readonly FaultKind[]> {
    const { partitions } = this.#options;
    const wanted = (this.#options.kinds ?? FAULT_KINDS).filter(
      (kind) => partitions > 1 || !NEEDS_PASSERS_BY.has(kind),
    );
    if (!wanted.includes("redis_disk_full") || (await canLimitFileSize())) return wanted;
    this.#options.note("redis_disk_full is left out: prlimit does not work here");
    return wanted.filter((kind) => kind !== "redis_disk_full");
  }

  async #inject(
    injector: Injector,
    fault: Fault,
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

  /** Counts what fails as unexplained. */
  async #explained(what: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#judge.unexplained(`${what}: ${describeError(error)}`);
    }
  }
}
