import { BLOCK_FIELD, COUNT_FIELD, eventsKey, leaseKey } from "@tributary/protocol";
import type { Redis } from "ioredis";
import { type Effect, fractionOf, until } from "./effects.ts";
import type { Fault } from "./faults.ts";
import type { PassersBy } from "../traffic/passers-by.ts";
import type { Stage } from "./progress-watch.ts";
import {
  deleteCommittedStream,
  destroyGroup,
  flushPartition,
  groupOf,
  setGroupAhead,
} from "./stream-faults.ts";

/** Within this time a partition has caught up with its load for a moment, whatever other faults did, ms. */
const CAUGHT_UP_MS = 120_000;

/** Faults of what is in Redis, and of what clients send. */
export type StreamFaultKind =
  | "poison_entry"
  | "group_lost"
  | "group_ahead"
  | "stream_deleted"
  | "partition_flushed"
  | "heap_pressure"
  | "clock_ahead";

export interface StreamInjectorParts {
  readonly redis: Redis;
  readonly passersBy: PassersBy;
  readonly partitions: number;
}

/** Brings those faults about. Redis may be gone by another fault: each is tried until Redis takes it. */
export class StreamInjector {
  /** Blocks put into streams to be found among the dead letters. */
  readonly poison: string[] = [];
  readonly #parts: StreamInjectorParts;
  readonly #effect: (what: string, stage: Stage) => Promise<Effect>;

  /** @param effect watches until work goes on after what was hit */
  constructor(parts: StreamInjectorParts, effect: (what: string, stage: Stage) => Promise<Effect>) {
    this.#parts = parts;
    this.#effect = effect;
  }

  async inject(kind: StreamFaultKind, fault: Fault): Promise<Effect> {
    const { redis, passersBy } = this.#parts;
    const partition = Math.floor(fault.target * this.#loaded);
    const place = groupOf(partition, fractionOf(fault));
    switch (kind) {
      case "poison_entry":
        return this.#poison(fault, partition);
      case "group_lost":
        await taken("the group is destroyed", () => destroyGroup(redis, place));
        return this.#effect(`${place.group} of ${place.key}`, place.stage);
      case "group_ahead":
        await taken("the group is set ahead", async () => {
          await setGroupAhead(redis, place);
          return true;
        });
        return this.#effect(`${place.group} of ${place.key}`, place.stage);
      case "stream_deleted":
        await taken(
          "all of a stream is committed",
          () => deleteCommittedStream(redis, partition),
          CAUGHT_UP_MS,
        );
        return this.#effect(eventsKey(partition), "attribution");
      case "partition_flushed":
        await taken("a partition is flushed", async () => {
          const keys = await flushPartition(redis, passersBy.partition);
          return keys > 0;
        });
        passersBy.flushed(Date.now());
        return this.#effect(`partition ${passersBy.partition}`, "attribution");
      case "heap_pressure":
        passersBy.burst();
        return this.#effect("texts of passers-by", "attribution");
      case "clock_ahead":
        passersBy.setClockAhead();
        return this.#effect("a client of passers-by", "attribution");
    }
  }

  /** How many partitions a worker holds the leases of. */
  async partitionsOf(worker: string): Promise<number> {
    let held = 0;
    for (let partition = 0; partition < this.#parts.partitions; partition += 1) {
      try {
        if ((await this.#parts.redis.get(leaseKey(partition))) === worker) held += 1;
      } catch {
        // Redis is gone by another fault: the next look counts again.
        return 0;
      }
    }
    return held;
  }

  /** Partitions that are not the passers-by's. */
  get #loaded(): number {
    const { partitions } = this.#parts;
    return partitions > 1 ? partitions - 1 : partitions;
  }

  async #poison(fault: Fault, partition: number): Promise<Effect> {
    const block = `not an entry: ${this.poison.length} of ${fault.atMs}`;
    this.poison.push(block);
    await taken("Redis takes the entry", async () => {
      // Whether an earlier try arrived does not matter: its block tells it.
      const fields = [COUNT_FIELD, "3", BLOCK_FIELD, block];
      await this.#parts.redis.xadd(eventsKey(partition), "*", ...fields);
      return true;
    });
    return this.#effect(`into partition ${partition}`, "attribution");
  }
}

/** Tries until Redis took it and it had its effect. */
async function taken(
  what: string,
  attempt: () => Promise<boolean>,
  boundMs?: number,
): Promise<void> {
  const tolerant = async (): Promise<boolean> => {
    try {
      return await attempt();
    } catch {
      // Redis is gone by another fault, or the key is, for the moment.
      return false;
    }
  };
  await until(what, tolerant, boundMs);
}
