import {
  ATTRIBUTION_GROUP,
  deadLettersKey,
  eventsKey,
  factsKey,
  leaseKey,
  outboxKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const lagScript = new Script(new URL("./lag.lua", import.meta.url));

/** What a group has left to do. */
export interface WaitingLag {
  /** Entries that no consumer was given yet. */
  readonly undelivered: number;
  /** Entries given to a consumer and not acknowledged. */
  readonly pending: number;
  /** Age of the oldest entry not acknowledged, s; 0 where there is none. */
  readonly oldestAgeSeconds: number;
}

/** The same in a partition, beside what it has done. */
export interface GroupLag extends WaitingLag {
  /** Entries acknowledged since the streams began. */
  readonly acknowledged: number;
}

/** What a partition has to tell others. */
export interface OutboxLag {
  /** Messages that are not relayed yet. */
  readonly entries: number;
  /** Age of the oldest, s; 0 where there is none. */
  readonly oldestAgeSeconds: number;
}

export interface PartitionLag extends GroupLag {
  readonly partition: number;
  /** The worker that holds the lease; null where none does. */
  readonly owner: string | null;
  readonly epoch: number;
  /** Last committed entry. */
  readonly position: string;
  /** Events in the committed entries, since the stream began. */
  readonly committedEvents: number;
  /** Dead letters kept. */
  readonly deadLetters: number;
  /** Time since the oldest of them was set aside, s; 0 where there is none. */
  readonly oldestDeadLetterAgeSeconds: number;
  readonly warehouse: GroupLag;
  readonly outbox: OutboxLag;
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

/** The sum over partitions. */
export function totalLag(
  lags: readonly PartitionLag[],
): GroupLag & { readonly warehouse: GroupLag } {
  const sum = (of: readonly GroupLag[]): GroupLag => ({
    undelivered: of.reduce((total, lag) => total + lag.undelivered, 0),
    pending: of.reduce((total, lag) => total + lag.pending, 0),
    oldestAgeSeconds: Math.max(0, ...of.map((lag) => lag.oldestAgeSeconds)),
    acknowledged: of.reduce((total, lag) => total + lag.acknowledged, 0),
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
      deadLettersKey(partition),
      outboxKey(partition),
    ],
    [ATTRIBUTION_GROUP, WAREHOUSE_GROUP],
  )) as string[];
  const at = (i: number): string => reply[i] ?? "";
  const number = (i: number): number => Number(at(i));
  const age = (id: string): number => (id === "" ? 0 : Math.max(0, (now - entryTimeMs(id)) / 1000));
  const pending = number(1);
  /** Of a stream whose figures begin at `i`: undelivered, pending, oldest, added. */
  const acknowledged = (i: number): number => number(i + 3) - number(i) - number(i + 1);
  return {
    partition,
    undelivered: Math.max(0, number(0) - pending),
    pending,
    oldestAgeSeconds: age(at(2)),
    owner: at(3) === "" ? null : at(3),
    epoch: number(4),
    position: at(5),
    acknowledged: number(6),
    committedEvents: number(7),
    deadLetters: number(8),
    oldestDeadLetterAgeSeconds: age(at(9)),
    warehouse: {
      undelivered: number(10) + number(14),
      pending: number(11) + number(15),
      oldestAgeSeconds: Math.max(age(at(12)), age(at(16))),
      acknowledged: acknowledged(10) + acknowledged(14),
    },
    outbox: { entries: number(18), oldestAgeSeconds: age(at(19)) },
  };
}
