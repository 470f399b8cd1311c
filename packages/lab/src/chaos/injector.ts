import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { COUNT_FIELD, BLOCK_FIELD, eventsKey } from "@tributary/protocol";
import type { Redis } from "ioredis";
import {
  type Platform,
  identify,
  isAlive,
  type ProcessIdentity,
  answersPing,
} from "@tributary/platform";
import { pause } from "@tributary/platform/client";
import type { Fault, FaultKind } from "./faults.ts";
import type { Load } from "./load.ts";
import type { ProgressWatch, Stage } from "./progress-watch.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

const run = promisify(execFile);

interface Effect {
  /** What was hit, for a person. */
  readonly what: string;
  /** Until work went on everywhere; undefined where it did not within the bound. */
  readonly recoveryMs: number | undefined;
}

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
  readonly watch: ProgressWatch;
  readonly partitions: number;
}

/** A fault whose effects last longer has not been recovered from, ms. */
const RECOVERY_BOUND_MS = 60_000;
const PROCESS_BOUND_MS = 30_000;
const POLL_MS = 10;

/** What Redis says when all that it has answered is in its file. */
const WRITTEN = ["aof_last_write_status:ok", "aof_pending_bio_fsync:0", "aof_buffer_length:0"];

/**
 * Brings faults about, on real processes, sockets and files. A recovery is counted from the fault's beginning where
 * others can take over (a worker is gone or silent, a service is started again), and from its end where there is only
 * one of what was hit (Redis is back, the disk has room, the gateway's network works).
 */
export class Injector {
  readonly #parts: InjectorParts;
  /** Blocks put into streams to be found among the dead letters. */
  readonly poison: string[] = [];
  /** Faults under way that keep Redis from writing. */
  #diskFull = 0;
  /** Workers that are stopped or being taken away: no other fault hits them. */
  readonly #busy = new Set<string>();

  constructor(parts: InjectorParts) {
    this.#parts = parts;
  }

  async inject(fault: Fault): Promise<Injected> {
    const { what, recoveryMs } = await this.#bringAbout(fault);
    return { kind: fault.kind, what, recoveryMs };
  }

  async #bringAbout(fault: Fault): Promise<Effect> {
    const { platform } = this.#parts;
    switch (fault.kind) {
      case "worker_kill":
        return this.#signalWorker(fault, "SIGKILL");
      case "worker_term":
        return this.#signalWorker(fault, "SIGTERM");
      case "worker_pause":
        return this.#pauseWorker(fault);
      case "worker_add":
        // Until it is ready the others just go on; then partitions move to it.
        return this.#effect(await platform.addWorker(), "attribution");
      case "worker_remove":
        return this.#removeWorker(fault);
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
      case "poison_entry":
        return this.#poison(fault);
    }
  }

  /** Watches what follows from now on. */
  async #effect(what: string, stage: Stage): Promise<Effect> {
    const sinceMs = Date.now();
    const atMs = await this.#parts.watch.workedSince(stage, sinceMs, RECOVERY_BOUND_MS);
    return { what, recoveryMs: atMs === undefined ? undefined : atMs - sinceMs };
  }

  async #signalWorker(fault: Fault, signal: NodeJS.Signals): Promise<Effect> {
    const { name, identity } = await this.#worker(fault);
    process.kill(identity.pid, signal);
    return this.#effect(name, "attribution");
  }

  async #pauseWorker(fault: Fault): Promise<Effect> {
    const { name, identity } = await this.#worker(fault);
    this.#busy.add(name);
    process.kill(identity.pid, "SIGSTOP");
    const effect = this.#effect(`${name} for ${fault.forMs} ms`, "attribution");
    await pause(fault.forMs);
    if (isAlive(identity)) process.kill(identity.pid, "SIGCONT");
    this.#busy.delete(name);
    return effect;
  }

  async #removeWorker(fault: Fault): Promise<Effect> {
    const { name } = await this.#worker(fault);
    this.#busy.add(name);
    const removed = this.#parts.platform.removeWorker(name);
    const effect = this.#effect(name, "attribution");
    await removed;
    this.#busy.delete(name);
    return effect;
  }

  async #killService(name: "gateway" | "reports"): Promise<Effect> {
    process.kill((await this.#running(name)).pid, "SIGKILL");
    return this.#effect(name, stageOf(name));
  }

  async #killRedis(): Promise<Effect> {
    // A Redis that syncs each second answers the commands of the moment in which the disk becomes full before it knows;
    // killed before the disk has room again, it takes them with it. While a sync is under way it answers for up to two seconds
    // before it writes at all. Only `appendfsync always` promises more.
    await until("Redis has written what it holds", () => this.#hasWritten());
    process.kill((await this.#running("redis")).pid, "SIGKILL");
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
    const identity = await this.#running("redis");
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

  async #poison(fault: Fault): Promise<Effect> {
    const partition = Math.floor(fault.target * this.#parts.partitions);
    const block = `not an entry: ${this.poison.length} of ${fault.atMs}`;
    this.poison.push(block);
    await until("Redis takes the entry", async () => {
      try {
        const fields = [COUNT_FIELD, "3", BLOCK_FIELD, block];
        await this.#parts.redis.xadd(eventsKey(partition), "*", ...fields);
        return true;
      } catch {
        // Redis is away, by another fault; whether this try arrived does not matter: its block tells it.
        return false;
      }
    });
    return this.#effect(`into partition ${partition}`, "attribution");
  }

  /** A worker that runs and that no other fault has in hand. */
  async #worker(fault: Fault): Promise<{ name: string; identity: ProcessIdentity }> {
    let found: { name: string; identity: ProcessIdentity } | undefined;
    await until("a worker runs", () => {
      const names = this.#parts.platform
        .workers()
        .map(({ name }) => name)
        .filter((name) => !this.#busy.has(name));
      const name = names[Math.floor(fault.target * names.length)];
      const identity = name === undefined ? undefined : this.#identityOf(name);
      if (name !== undefined && identity !== undefined) found = { name, identity };
      return Promise.resolve(found !== undefined);
    });
    if (found === undefined) throw new Error("no worker runs");
    return found;
  }

  async #running(name: string): Promise<ProcessIdentity> {
    let identity: ProcessIdentity | undefined;
    await until(`${name} runs`, () => {
      identity = this.#identityOf(name);
      return Promise.resolve(identity !== undefined);
    });
    if (identity === undefined) throw new Error(`${name} does not run`);
    return identity;
  }

  #identityOf(name: string): ProcessIdentity | undefined {
    const pid = this.#parts.platform.processes().find((process) => process.name === name)?.pid;
    const identity = pid === undefined ? undefined : identify(pid);
    return identity !== undefined && isAlive(identity) ? identity : undefined;
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

/** A second number in [0, 1) out of a fault's one. */
function fractionOf({ target }: Fault): number {
  return (target * 1000) % 1;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PROCESS_BOUND_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${PROCESS_BOUND_MS / 1000} s`);
    await pause(POLL_MS);
  }
}
