import { isAlive, type Platform, type ProcessIdentity } from "@tributary/platform";
import { pause } from "@tributary/platform/client";
import { type Effect, until } from "./effects.ts";
import type { Fault } from "./faults.ts";
import { identityOf } from "./running-process.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { endThreads } from "./thread-end.ts";

/** Within this time a killed worker's partitions are another's. */
const TAKEOVER_MS = 8000;
const TAKEOVER_POLL_MS = 5;
/**
 * What each direction of the rebuilding worker's connection takes longer, ms: a thread then waits for the fact log's next page
 * most of the time, and ends between two pages. A thread that ends within a page fails that page, which proves less.
 */
const REBUILD_LATENCY_MS = 100;

export interface WorkerInjectorParts {
  readonly platform: Platform;
  /** By the process's name. */
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  /** How many partitions a worker holds the leases of. */
  readonly partitionsOf: (worker: string) => Promise<number>;
  /** Where a process's standard error goes. */
  readonly logPathOf: (name: string) => string;
  /** Watches until work goes on after what was hit. */
  readonly effect: (what: string) => Promise<Effect>;
}

/** Faults of workers. */
export class WorkerInjector {
  readonly #parts: WorkerInjectorParts;
  /** Workers that are stopped or being taken away: no other fault hits them. */
  readonly #busy = new Set<string>();

  constructor(parts: WorkerInjectorParts) {
    this.#parts = parts;
  }

  /** Sends a signal to one of them. */
  async signal(fault: Fault, signal: NodeJS.Signals): Promise<Effect> {
    const { name, identity } = await this.choose(fault);
    process.kill(identity.pid, signal);
    return this.#parts.effect(name);
  }

  /** SIGSTOP, and SIGCONT after the fault's time. */
  async pause(fault: Fault): Promise<Effect> {
    const { name, identity } = await this.choose(fault);
    this.#busy.add(name);
    process.kill(identity.pid, "SIGSTOP");
    const effect = this.#parts.effect(`${name} for ${fault.forMs} ms`);
    await pause(fault.forMs);
    if (isAlive(identity)) process.kill(identity.pid, "SIGCONT");
    this.#busy.delete(name);
    return effect;
  }

  /** Stops one for good. */
  async remove(fault: Fault): Promise<Effect> {
    const { name } = await this.choose(fault);
    this.#busy.add(name);
    const removed = this.#parts.platform.removeWorker(name);
    const effect = this.#parts.effect(name);
    await removed;
    this.#busy.delete(name);
    return effect;
  }

  /** Ends the threads of one worker while it rebuilds what another, killed one had. */
  async endThreads(fault: Fault): Promise<Effect> {
    const { name, identity } = await this.choose(fault);
    const proxy = this.#parts.proxies.get(name);
    this.#busy.add(name);
    try {
      proxy?.slow(REBUILD_LATENCY_MS);
      const owned = await this.#parts.partitionsOf(name);
      const other = this.#parts.platform.workers().find((worker) => worker.name !== name);
      const victim = other === undefined ? undefined : identityOf(this.#parts.platform, other.name);
      if (victim !== undefined) process.kill(victim.pid, "SIGKILL");
      // A victim that owned nothing leaves nothing to take over.
      const takenByMs = Date.now() + TAKEOVER_MS;
      while (victim !== undefined && isAlive(identity) && Date.now() < takenByMs) {
        if ((await this.#parts.partitionsOf(name)) > owned) break;
        await pause(TAKEOVER_POLL_MS);
      }
      const ended = isAlive(identity)
        ? await endThreads(identity.pid, this.#parts.logPathOf(name))
        : 0;
      proxy?.slow(0);
      return await this.#parts.effect(`${ended} of ${name}`);
    } finally {
      proxy?.slow(0);
      this.#busy.delete(name);
    }
  }

  /** A worker that runs and that no other fault has in hand. */
  async choose(fault: Fault): Promise<{ name: string; identity: ProcessIdentity }> {
    let found: { name: string; identity: ProcessIdentity } | undefined;
    await until("a worker runs", () => {
      const names = this.#parts.platform
        .workers()
        .map(({ name }) => name)
        .filter((name) => !this.#busy.has(name));
      const name = names[Math.floor(fault.target * names.length)];
      const identity = name === undefined ? undefined : identityOf(this.#parts.platform, name);
      if (name !== undefined && identity !== undefined) found = { name, identity };
      return Promise.resolve(found !== undefined);
    });
    if (found === undefined) throw new Error("no worker runs");
    return found;
  }
}
