import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  leaseKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { entryTimeMs } from "./entry-id.ts";
import type { RedisClient } from "./redis.ts";
import { Script } from "./script.ts";

const lagScript = new Script("lag");

/** What a group has left to do in a partition. */
export interface GroupLag {
  /** Entries that no consumer was given yet. */
  readonly undelivered: number;
  /** Entries given to a consumer and not acknowledged. */
  readonly pending: number;
  /** Age of the oldest entry not acknowledged, s; 0 where there is none. */
  readonly oldestAgeSeconds: number;
}

export interface PartitionLag extends GroupLag {
  readonly partition: number;
  /** The worker that holds the lease; null where none does. */
  readonly owner: string | null;
  readonly epoch: number;
  /** Last committed entry. */
  readonly position: string;
  readonly warehouse: GroupLag;
}

/** Reads every partition's lag. @param now the clock, ms since 1970 */
export async function readLag(
  client: RedisClient,
  partitions: number,
  now: number = Date.now(),
): Promise<PartitionLag[]> {
  const reads: Promise<PartitionLag>[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    reads.push(readPartition(client, partition, now));
  }
  return Promise.all(reads);
}

/** The sum over partitions: what to scale on. */
export function totalLag(
  lags: readonly PartitionLag[],
): GroupLag & { readonly warehouse: GroupLag } {
  const sum = (of: readonly GroupLag[]): GroupLag => ({
    undelivered: of.reduce((total, lag) => total + lag.undelivered, 0),
    pending: of.reduce((total, lag) => total + lag.pending, 0),
    oldestAgeSeconds: Math.max(0, ...of.map((lag) => lag.oldestAgeSeconds)),
  });
  return { ...sum(lags), warehouse: sum(lags.map(({ warehouse }) => warehouse)) };
}

async function readPartition(
  client: RedisClient,
  partition: number,
  now: number,
): Promise<PartitionLag> {
  const reply = (await lagScript.run(
    client,
    [
      eventsKey(partition),
      factsKey(partition),
      resultsKey(partition),
      stateKey(partition),
      leaseKey(partition),
    ],
    [ATTRIBUTION_GROUP, WAREHOUSE_GROUP],
  )) as string[];
  const at = (i: number): string => reply[i] ?? "";
  const number = (i: number): number => Number(at(i));
  const age = (id: string): number => (id === "" ? 0 : Math.max(0, (now - entryTimeMs(id)) / 1000));
  const pending = number(1);
  return {
    partition,
    undelivered: Math.max(0, number(0) - pending),
    pending,
    oldestAgeSeconds: age(at(2)),
    owner: at(3) === "" ? null : at(3),
    epoch: number(4),
    position: at(5),
    warehouse: {
      undelivered: number(6) + number(9),
      pending: number(7) + number(10),
      oldestAgeSeconds: Math.max(age(at(8)), age(at(11))),
    },
  };
}
