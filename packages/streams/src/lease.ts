import { leaseKey, membersKey, stateKey } from "@tributary/protocol";
import type { RedisClient } from "./redis.ts";
import { Script } from "./script.ts";

const acquireScript = new Script("acquire");
const renewScript = new Script("renew");
const releaseScript = new Script("release");
const heartbeatScript = new Script("heartbeat");

/** A partition held by a worker. The epoch fences: it only grows, and every commit must carry the newest. */
export interface Lease {
  readonly partition: number;
  readonly worker: string;
  readonly epoch: string;
  /** Position committed when the lease was taken. */
  readonly position: string;
}

function keys(partition: number): string[] {
  return [leaseKey(partition), stateKey(partition)];
}

/** Takes a partition that nobody holds. @returns undefined while another worker holds it */
export async function acquireLease(
  client: RedisClient,
  partition: number,
  worker: string,
  ttlMs: number,
): Promise<Lease | undefined> {
  const reply = (await acquireScript.run(client, keys(partition), [worker, ttlMs])) as [
    number,
    string,
    string,
  ];
  if (reply[0] !== 1) return undefined;
  return { partition, worker, epoch: reply[1], position: reply[2] };
}

/** Prolongs a lease. @returns false where it is lost */
export async function renewLease(
  client: RedisClient,
  lease: Lease,
  ttlMs: number,
): Promise<boolean> {
  const reply = await renewScript.run(client, keys(lease.partition), [
    lease.worker,
    lease.epoch,
    ttlMs,
  ]);
  return reply === 1;
}

/** Gives a lease back, so that the next owner need not wait for its expiry. */
export async function releaseLease(client: RedisClient, lease: Lease): Promise<void> {
  await releaseScript.run(client, keys(lease.partition), [lease.worker, lease.epoch]);
}

/** Says that a member of a group lives. @returns all live members, in the order of their names */
export async function heartbeat(
  client: RedisClient,
  group: string,
  member: string,
  ttlMs: number,
): Promise<string[]> {
  const members = (await heartbeatScript.run(
    client,
    [membersKey(group)],
    [member, ttlMs],
  )) as string[];
  return members.toSorted();
}

/** Takes a member out of its group at once. */
export async function leaveGroup(
  client: RedisClient,
  group: string,
  member: string,
): Promise<void> {
  await client.zrem(membersKey(group), member);
}
