import {
  connectRedis,
  LagMeter,
  readLag,
  readPartitionCount,
  waitUntilReady,
} from "@tributary/streams";
import type { RedisClient } from "@tributary/streams";
import { describeError } from "../errors.ts";
import { pause } from "../client/interrupt.ts";
import {
  type AutoscaleLimits,
  type AutoscaleMemory,
  decideWorkers,
  NO_MEMORY,
} from "./decide-workers.ts";
import type { Platform } from "../options.ts";

/** How often it looks, ms. */
const LOOK_MS = 500;
const COMMAND_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;

/**
 * Adds workers to a platform and removes them, until the signal ends it.
 * @param note takes each change with its reason, and once the reason why the number stays
 */
export async function autoscale(
  platform: Platform,
  limits: AutoscaleLimits,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const client = connectRedis(platform.redisUrl, {
    name: "tributary-autoscale",
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
  try {
    await waitUntilReady(client, CONNECT_TIMEOUT_MS, signal);
    await new Autoscaler(platform, limits, note, client, signal).run();
  } finally {
    client.disconnect();
  }
}

class Autoscaler {
  readonly #platform: Platform;
  readonly #limits: AutoscaleLimits;
  readonly #note: (line: string) => void;
  readonly #signal: AbortSignal;
  readonly #client: RedisClient;
  #meter: LagMeter | undefined;
  #memory: AutoscaleMemory = NO_MEMORY;
  /** The last reason why the number stays. */
  #saidOnce = "";

  constructor(
    platform: Platform,
    limits: AutoscaleLimits,
    note: (line: string) => void,
    client: RedisClient,
    signal: AbortSignal,
  ) {
    this.#platform = platform;
    this.#limits = limits;
    this.#note = note;
    this.#client = client;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    for (; !this.#signal.aborted; await pause(LOOK_MS, this.#signal)) {
      try {
        await this.#look();
      } catch (error) {
        // Without a measurement, and where a worker does not start, the number stays.
        if (!this.#signal.aborted) this.#sayOnce(`stays as it is: ${describeError(error)}`);
      }
    }
  }

  async #look(): Promise<void> {
    const { total } = await (await this.#measured()).measure();
    const workers = this.#platform.workers();
    const decision = decideWorkers(this.#limits, this.#memory, {
      nowMs: performance.now(),
      workers: workers.length,
      ageSeconds: total.oldestAgeSeconds,
      secondsToDrain: total.secondsToDrain,
      eventsPerSecond: total.eventsPerSecond,
    });
    this.#memory = decision.memory;
    if (this.#signal.aborted) return;
    if (decision.workers === workers.length) {
      if (workers.length < this.#limits.maxWorkers || decision.memory.calmSinceMs !== undefined) {
        this.#saidOnce = "";
      } else if (decision.reason.endsWith("are the most")) this.#sayOnce(decision.reason);
      return;
    }
    this.#saidOnce = "";
    this.#note(`autoscale: ${workers.length} → ${decision.workers} workers: ${decision.reason}`);
    const startedMs = performance.now();
    await this.#change(
      workers.map(({ name }) => name),
      decision.workers,
    );
    this.#memory = { ...this.#memory, changedAtMs: performance.now() };
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    this.#note(`autoscale: ${this.#platform.workers().length} workers after ${seconds} s`);
  }

  /** The newest workers go first: the highest numbers in the names. */
  async #change(names: readonly string[], to: number): Promise<void> {
    const added = Array.from({ length: Math.max(0, to - names.length) }, async () =>
      this.#platform.addWorker(),
    );
    const removed = names.slice(to).map(async (name) => this.#platform.removeWorker(name));
    const results = await Promise.allSettled([...added, ...removed]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #measured(): Promise<LagMeter> {
    if (this.#meter !== undefined) return this.#meter;
    const partitions = await readPartitionCount(this.#client);
    if (partitions === undefined) throw new Error("Redis holds no platform yet");
    this.#meter = new LagMeter(async () => readLag(this.#client, partitions), LOOK_MS);
    return this.#meter;
  }

  #sayOnce(what: string): void {
    // The figures in a reason change all the time.
    const plain = what.replace(/[\d.]+/g, "");
    if (plain === this.#saidOnce) return;
    this.#saidOnce = plain;
    this.#note(`autoscale: ${what}`);
  }
}
