import {
  ATTRIBUTION_GROUP,
  factsKey,
  leaseKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { REPLAY_CONSUMER } from "../feed/dead-letters.ts";
import { readMembership } from "../ownership/lease.ts";
import type { RedisClient } from "../redis/client.ts";

/** A partition and who holds it. */
export interface LeaseInfo {
  readonly partition: number;
  /** null where nobody holds it. */
  readonly owner: string | null;
  readonly epoch: number;
  /** Time until it runs out unless it is renewed, ms. */
  readonly leftMs: number;
  /** Time since its owner committed a batch of it, s; null where this owner has not yet. */
  readonly secondsSinceCommit: number | null;
}

/** A worker of the group `attribution`. */
export interface WorkerInfo {
  readonly name: string;
  readonly draining: boolean;
  readonly partitions: readonly number[];
  /** Time since it committed a batch of a partition that it owns, s; null where it has not. */
  readonly secondsSinceCommit: number | null;
}

/** A consumer of the group `warehouse`. */
export interface LoaderInfo {
  readonly name: string;
  /** Time since the server last saw it, s; one before Redis 7.2 sees only those that it gives entries to. */
  readonly secondsSinceSeen: number;
  /** Entries given to it and not loaded yet. */
  readonly pending: number;
  /** Time since it last loaded entries, s; null where no partition was loaded by it last. */
  readonly secondsSinceLoad: number | null;
}

export interface Groups {
  readonly attribution: {
    readonly members: readonly WorkerInfo[];
    readonly leases: readonly LeaseInfo[];
  };
  readonly warehouse: { readonly members: readonly LoaderInfo[] };
}

interface PartitionInfo extends LeaseInfo {
  readonly loadedBy: string | null;
  readonly secondsSinceLoad: number;
}

/** Reads who is in the groups, what they hold, and when each last got on. */
export async function readGroups(client: RedisClient, partitions: number): Promise<Groups> {
  const [{ members, draining }, now, infos, consumers] = await Promise.all([
    readMembership(client, ATTRIBUTION_GROUP),
    serverTimeMs(client),
    all(partitions, async (partition) => readPartition(client, partition)),
    all(partitions, async (partition) => readConsumers(client, partition)),
  ]);
  const known = infos.map((read) => partitionInfo(read, now));
  // A worker that stopped its heartbeat may still hold leases for a while.
  const holders = known.flatMap(({ owner }) => (owner === null ? [] : [owner]));
  const names = [...new Set([...members, ...holders])].toSorted();
  return {
    attribution: {
      members: names.map((name) => {
        const owned = known.filter(({ owner }) => owner === name);
        return {
          name,
          draining: draining.includes(name),
          partitions: owned.map(({ partition }) => partition),
          secondsSinceCommit: least(owned.map(({ secondsSinceCommit }) => secondsSinceCommit)),
        };
      }),
      leases: known.map(({ partition, owner, epoch, leftMs, secondsSinceCommit }) => ({
        partition,
        owner,
        epoch,
        leftMs,
        secondsSinceCommit,
      })),
    },
    warehouse: { members: loaders(consumers.flat(), known) },
  };
}

interface Consumer {
  readonly name: string;
  readonly pending: number;
  readonly idleMs: number;
}

function loaders(consumers: readonly Consumer[], infos: readonly PartitionInfo[]): LoaderInfo[] {
  const names = [...new Set(consumers.map(({ name }) => name))].toSorted();
  return names
    .filter((name) => name !== REPLAY_CONSUMER)
    .map((name) => {
      const of = consumers.filter((consumer) => consumer.name === name);
      const loads = infos.filter(({ loadedBy }) => loadedBy === name);
      return {
        name,
        secondsSinceSeen: Math.min(...of.map(({ idleMs }) => idleMs)) / 1000,
        pending: of.reduce((sum, { pending }) => sum + pending, 0),
        secondsSinceLoad: least(loads.map(({ secondsSinceLoad }) => secondsSinceLoad)),
      };
    });
}

type PartitionReply = readonly [
  partition: number,
  owner: string | null,
  leftMs: number,
  state: readonly (string | null)[],
];

async function readPartition(client: RedisClient, partition: number): Promise<PartitionReply> {
  const fields = ["epoch", "acquired_at", "committed_at", "loaded_at", "loaded_by"];
  const [owner, leftMs, state] = await Promise.all([
    client.get(leaseKey(partition)),
    client.pttl(leaseKey(partition)),
    client.hmget(stateKey(partition), ...fields),
  ]);
  return [partition, owner, leftMs, state];
}

function partitionInfo(
  [partition, owner, leftMs, state]: PartitionReply,
  now: number,
): PartitionInfo {
  const [epoch, acquiredAt, committedAt, loadedAt, loadedBy] = state;
  const since = (atMs: string | null | undefined): number =>
    Math.max(0, now - Number(atMs ?? 0)) / 1000;
  // A commit before the lease was taken is a former owner's.
  const byOwner = owner !== null && Number(committedAt ?? 0) >= Number(acquiredAt ?? Infinity);
  return {
    partition,
    owner,
    epoch: Number(epoch ?? 0),
    leftMs: Math.max(0, leftMs),
    secondsSinceCommit: byOwner ? since(committedAt) : null,
    loadedBy: loadedBy ?? null,
    secondsSinceLoad: since(loadedAt),
  };
}

async function readConsumers(client: RedisClient, partition: number): Promise<Consumer[]> {
  const replies = await Promise.all(
    [factsKey(partition), resultsKey(partition)].map(async (key) => consumersOf(client, key)),
  );
  return (replies.flat() as unknown[][]).map((fields) => {
    const field = (name: string): unknown => fields[fields.indexOf(name) + 1];
    return {
      name: String(field("name")),
      pending: Number(field("pending")),
      idleMs: Number(field("idle")),
    };
  });
}

/** XINFO CONSUMERS of the loaders' group; none where the group is lost, or its stream. */
async function consumersOf(client: RedisClient, key: string): Promise<unknown> {
  try {
    return await client.xinfo("CONSUMERS", key, WAREHOUSE_GROUP);
  } catch (error) {
    if (error instanceof Error && /^NOGROUP |no such key/.test(error.message)) return [];
    throw error;
  }
}

async function serverTimeMs(client: RedisClient): Promise<number> {
  const [seconds = 0, micros = 0] = await client.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

async function all<T>(count: number, read: (partition: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, async (_, partition) => read(partition)));
}

function least(seconds: readonly (number | null)[]): number | null {
  const known = seconds.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}
