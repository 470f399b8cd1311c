import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Redis } from "ioredis";
import { answersPing, isAlive, type Platform } from "@tributary/platform";
import { pause } from "@tributary/platform/client";
import { type Effect, fractionOf, until } from "./effects.ts";
import type { Fault, FaultKind } from "./faults.ts";
import type { Load } from "../traffic/load.ts";
import type { ProgressWatch, Stage } from "./progress-watch.ts";
import type { PassersBy } from "../traffic/passers-by.ts";
import { StreamInjector } from "./stream-injector.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { runningProcess } from "./running-process.ts";
import { WorkerInjector } from "./worker-injector.ts";

const run = promisify(execFile);

/** What a fault did. */
export interface Injected extends Effect {
  readonly kind: FaultKind;
}

export interface InjectorParts {
  readonly platform: Platform;
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly redis: Redis;
  readonly redisPort: number;
  readonly load: Load;
  readonly passersBy: PassersBy;
  readonly watch: ProgressWatch;
  readonly partitions: number;
  /** Where a process's standard error goes. */
  readonly logPathOf: (name: string) => string;
}

/** A fault whose effects last longer has not been recovered from, ms. */
const RECOVERY_BOUND_MS = 60_000;

/** What Redis says when all that it has answered is in its file. */
const WRITTEN = ["aof_last_write_status:ok", "aof_pending_bio_fsync:0", "aof_buffer_length:0"];

/**
 * Brings faults about, on real processes, sockets and files. A recovery is counted from the fault's beginning where
 * others can take over (a worker is gone or silent, a service is started again), and from its end where there is only
 * one of what was hit (Redis is back, the disk has room, the gateway's network works).
 */
export class Injector {
  readonly #parts: InjectorParts;
  readonly #streams: StreamInjector;
  readonly #workers: WorkerInjector;
  /** Faults under way that keep Redis from writing. */
  #diskFull = 0;

  constructor(parts: InjectorParts) {
    this.#parts = parts;
    this.#streams = new StreamInjector(parts, (what, stage) => this.#effect(what, stage));
    this.#workers = new WorkerInjector({
      platform: parts.platform,
      proxies: parts.proxies,
      logPathOf: parts.logPathOf,
      partitionsOf: (worker) => this.#streams.partitionsOf(worker),
      effect: (what) => this.#effect(what, "attribution"),
    });
  }

  /** Blocks put into streams to be found among the dead letters. */
  get poison(): readonly string[] {
    return this.#streams.poison;
  }

  async inject(fault: Fault): Promise<Injected> {
    const { what, recoveryMs } = await this.#bringAbout(fault);
    return { kind: fault.kind, what, recoveryMs };
  }

  async #bringAbout(fault: Fault): Promise<Effect> {
    const { platform } = this.#parts;
    switch (fault.kind) {
      case "worker_kill":
        return this.#workers.signal(fault, "SIGKILL");
      case "worker_term":
        return this.#workers.signal(fault, "SIGTERM");
      case "worker_pause":
        return this.#workers.pause(fault);
      case "worker_add":
        // Until it is ready the others just go on; then partitions move to it.
        return this.#effect(await platform.addWorker(), "attribution");
      case "worker_remove":
        return this.#workers.remove(fault);
      case "gateway_kill":
        return this.#killService("gateway");
      case "reports_kill":
        return this.#killService("reports");
      case "redis_kill":
        return this.#killRedis();
      case "redis_disk_full":
        return this.#fillDisk(fault);
      case "connection_reset": {
        const [name, proxy] = this.#proxyOf(fault);
        proxy.resetAfterWrite();
        return this.#effect(name, stageOf(name));
      }
      case "half_open":
        return this.#halfOpen(fault);
      case "latency": {
        const [name, proxy] = this.#proxyOf(fault);
        const latencyMs = Math.round(50 + 250 * fractionOf(fault));
        proxy.slow(latencyMs);
        await pause(fault.forMs);
        proxy.slow(0);
        return this.#effect(`${name} by ${latencyMs} ms`, stageOf(name));
      }
      case "client_reset":
        return this.#resetClients();
      case "thread_ended":
        return this.#workers.endThreads(fault);
      case "commit_reply_lost": {
        const { name } = await this.#workers.choose(fault);
        // A commit is the only write of a worker that names a fact log.
        this.#parts.proxies.get(name)?.resetAfterWrite(":facts");
        return this.#effect(name, "attribution");
      }
      case "poison_entry":
      case "group_lost":
      case "group_ahead":
      case "stream_deleted":
      case "partition_flushed":
      case "heap_pressure":
      case "clock_ahead":
        return this.#streams.inject(fault.kind, fault);
    }
  }

  /** Watches what follows from now on. */
  async #effect(what: string, stage: Stage): Promise<Effect> {
    const sinceMs = Date.now();
    const atMs = await this.#parts.watch.workedSince(stage, sinceMs, RECOVERY_BOUND_MS);
    return { what, recoveryMs: atMs === undefined ? undefined : atMs - sinceMs };
  }

  async #killService(name: "gateway" | "reports"): Promise<Effect> {
    process.kill((await runningProcess(this.#parts.platform, name)).pid, "SIGKILL");
    return this.#effect(name, stageOf(name));
  }

  async #killRedis(): Promise<Effect> {
    // A Redis that syncs each second answers the commands of the moment in which the disk becomes full before it knows;
    // killed before the disk has room again, it takes them with it. While a sync is under way it answers for up to two seconds
    // before it writes at all. Only `appendfsync always` promises more.
    await until("Redis has written what it holds", () => this.#hasWritten());
    process.kill((await runningProcess(this.#parts.platform, "redis")).pid, "SIGKILL");
    await until("Redis answers", () => answersPing(this.#parts.redisPort));
    return this.#effect("Redis", "attribution");
  }

  async #hasWritten(): Promise<boolean> {
    try {
      if (this.#diskFull > 0) return false;
      const persistence = await this.#parts.redis.info("persistence");
      return WRITTEN.every((line) => persistence.includes(`${line}\r\n`));
    } catch {
      // Away by another fault.
      return false;
    }
  }

  /** A bound of nothing on the size of the files that Redis writes: what a full disk is to it. */
  async #fillDisk(fault: Fault): Promise<Effect> {
    const identity = await runningProcess(this.#parts.platform, "redis");
    this.#diskFull += 1;
    await limitFileSize(identity.pid, "1");
    await pause(fault.forMs);
    this.#diskFull -= 1;
    if (isAlive(identity) && this.#diskFull === 0) await limitFileSize(identity.pid, "unlimited");
    return this.#effect(`for ${fault.forMs} ms`, "attribution");
  }

  async #halfOpen(fault: Fault): Promise<Effect> {
    const [name, proxy] = this.#proxyOf(fault);
    const held = fractionOf(fault) < 0.5 ? "requests" : "replies";
    const what = `${name}'s ${held} for ${fault.forMs} ms`;
    proxy.hold(held);
    const begun = this.#effect(what, stageOf(name));
    await pause(fault.forMs);
    proxy.release();
    const othersTakeOver = name.startsWith("worker-");
    return othersTakeOver ? begun : this.#effect(what, stageOf(name));
  }

  async #resetClients(): Promise<Effect> {
    let broken = 0;
    await until("a request is under way", () => {
      broken = this.#parts.load.resetRequests();
      return Promise.resolve(broken > 0);
    });
    return this.#effect(`${broken} requests`, "attribution");
  }

  /** The proxy of a service that is there now. */
  #proxyOf(fault: Fault): [string, TcpProxy] {
    const names = ["gateway", "reports", ...this.#parts.platform.workers().map(({ name }) => name)];
    const name = names[Math.floor(fault.target * names.length)] as string;
    const proxy = this.#parts.proxies.get(name);
    if (proxy === undefined) throw new Error(`${name} has no proxy`);
    return [name, proxy];
  }
}

/** Whether this machine can bound the files of another process: Linux with util-linux. */
export async function canLimitFileSize(): Promise<boolean> {
  try {
    await run("prlimit", ["--pid", String(process.pid), "--fsize"], { timeout: 5000 });
    return true;
  } catch {
    // Not there, or not allowed: the fault is left out, and said to be.
    return false;
  }
}

async function limitFileSize(pid: number, soft: string): Promise<void> {
  await run("prlimit", ["--pid", String(pid), `--fsize=${soft}:`], { timeout: 5000 });
}

function stageOf(name: string): Stage {
  return name === "reports" ? "warehouse" : "attribution";
}
