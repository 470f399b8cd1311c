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

const lagScript = new Script(new URL("./lag.lua", import.meta.url), "streams");
/** What the script says of the partition, before what it says of each stream. */
const PARTITION_TEXTS = 8;
const STREAM_TEXTS = 6;

/** The entries of a group that wait. */
export interface WaitingLag {
  /** Entries that no consumer was given yet. */
  readonly undelivered: number;
  /** Entries given to a consumer and not acknowledged. */
  readonly pending: number;
  /** Age of the oldest entry not acknowledged, s; 0 where there is none. */
  readonly oldestAgeSeconds: number;
}

/** The same in one stream of several partitions. */
export interface StreamLag extends WaitingLag {
  /** Partitions of which entries wait that no consumer is given: the group is not there, or was set past them. */
  readonly strandedPartitions: number;
}

/** The same in a partition, beside what it has done. */
export interface GroupLag extends WaitingLag {
  /** Entries acknowledged since the streams began. */
  readonly acknowledged: number;
  /** Entries that were gone before they were acknowledged: trimmed or deleted by somebody. */
  readonly lost: number;
  /** Whether entries wait that no consumer is given: the group is not there, or was set past them. */
  readonly stranded: boolean;
}

/** Messages of a partition to other partitions. */
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
  /** Age of the oldest of them, s; 0 where there is none. */
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
  return { ...sumOf(lags), warehouse: sumOf(lags.map(({ warehouse }) => warehouse)) };
}

function sumOf(lags: readonly GroupLag[]): GroupLag {
  return {
    undelivered: lags.reduce((total, lag) => total + lag.undelivered, 0),
    pending: lags.reduce((total, lag) => total + lag.pending, 0),
    oldestAgeSeconds: Math.max(0, ...lags.map((lag) => lag.oldestAgeSeconds)),
    acknowledged: lags.reduce((total, lag) => total + lag.acknowledged, 0),
    lost: lags.reduce((total, lag) => total + lag.lost, 0),
    stranded: lags.some(({ stranded }) => stranded),
  };
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
  const text = (i: number): string => reply[i] ?? "";
  const age = (id: string): number => (id === "" ? 0 : Math.max(0, (now - entryTimeMs(id)) / 1000));
  const of = (stream: 0 | 1 | 2): GroupLag => {
    const [waiting = "", pending = "", oldest = "", acknowledged, lost, stranded] = reply.slice(
      PARTITION_TEXTS + stream * STREAM_TEXTS,
    );
    return {
      undelivered: Math.max(0, Number(waiting) - Number(pending)),
      pending: Number(pending),
      oldestAgeSeconds: age(oldest),
      acknowledged: Number(acknowledged),
      lost: Number(lost),
      stranded: stranded === "1",
    };
  };
  return {
    ...of(0),
    partition,
    owner: text(0) === "" ? null : text(0),
    epoch: Number(text(1)),
    position: text(2),
    committedEvents: Number(text(3)),
    deadLetters: Number(text(4)),
    oldestDeadLetterAgeSeconds: age(text(5)),
    warehouse: sumOf([of(1), of(2)]),
    outbox: { entries: Number(text(6)), oldestAgeSeconds: age(text(7)) },
  };
}
