import type { Logger } from "@tributary/telemetry";
import type { Retention } from "../partition/processor.ts";
import { trimPartition } from "../partition/trim.ts";
import type { RedisClient } from "../redis/client.ts";
import type { LossWatch } from "./loss-watch.ts";
import type { Rebuilder } from "./rebuilder.ts";
import type { ConsumerStateMachine } from "./state-machine.ts";

/** An idle partition is trimmed this often. */
const IDLE_TRIM_MS = 5000;

/** Trims one partition's streams, no more often than an interval, and has its memory rebuilt where that frees much of it. */
export class Trimmer {
  readonly #client: RedisClient;
  readonly #partition: number;
  readonly #intervalMs: number;
  readonly #machine: ConsumerStateMachine;
  readonly #rebuilder: Rebuilder;
  readonly #losses: LossWatch;
  readonly #logger: Logger;
  #retention: Retention = { factsFrom: undefined, rebuild: false };
  #isDue = false;
  #trimmedAtMs = 0;

  constructor(
    client: RedisClient,
    partition: number,
    intervalMs: number,
    machine: ConsumerStateMachine,
    rebuilder: Rebuilder,
    losses: LossWatch,
    logger: Logger,
  ) {
    this.#client = client;
    this.#partition = partition;
    this.#intervalMs = intervalMs;
    this.#machine = machine;
    this.#rebuilder = rebuilder;
    this.#losses = losses;
    this.#logger = logger;
  }

  /** What is needed has changed: there is something to trim. */
  keep(retention: Retention): void {
    this.#retention = retention;
    this.#isDue = true;
  }

  /** Nothing came: what the warehouse has acknowledged since the last commit can go as well. */
  noteIdle(): void {
    if (performance.now() - this.#trimmedAtMs > IDLE_TRIM_MS) this.#isDue = true;
  }

  /** Trims where something is due, in the state trimming or on the way to the end. */
  async trim(): Promise<void> {
    const now = performance.now();
    const isDue = this.#isDue && now - this.#trimmedAtMs >= this.#intervalMs;
    const { factsFrom, rebuild } = this.#retention;
    if (isDue) {
      this.#isDue = false;
      this.#trimmedAtMs = now;
      await this.trimNow();
      await this.#losses.look();
    }
    if (!isDue || !rebuild || this.#machine.isEnding) {
      this.#machine.on("trimmed");
      return;
    }
    this.#machine.on("rebuild");
    this.#logger.info("the partition's memory is rebuilt without the facts that were trimmed");
    // While the warehouse is unavailable the log still has them: read again, they would ask for the next rebuild at once.
    await this.#rebuilder.rebuild(factsFrom);
  }

  /** Trims, whenever it was done last. */
  async trimNow(): Promise<void> {
    await trimPartition(this.#client, this.#partition, this.#retention.factsFrom);
  }
}
