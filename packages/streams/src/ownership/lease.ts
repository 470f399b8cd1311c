import { drainingKey, incarnationsKey, leaseKey, membersKey, stateKey } from "@tributary/protocol";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const acquireScript = new Script(new URL("./acquire.lua", import.meta.url));
const renewScript = new Script(new URL("./renew.lua", import.meta.url));
const releaseScript = new Script(new URL("./release.lua", import.meta.url));
const drainScript = new Script(new URL("./drain.lua", import.meta.url));
const heartbeatScript = new Script(new URL("./heartbeat.lua", import.meta.url));
const leaveScript = new Script(new URL("./leave.lua", import.meta.url));

/** A partition held by a worker. The epoch fences: it only grows, and every commit must carry the newest. */
export interface Lease {
  readonly partition: number;
  readonly worker: string;
  readonly epoch: string;
  /** ID of the last entry that was committed when the lease was taken. */
  readonly committedId: string;
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
  return { partition, worker, epoch: reply[1], committedId: reply[2] };
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

/** The live members of a group, in the order of their names. */
export interface Membership {
  readonly members: readonly string[];
  /** Those of them that are to own no partition. */
  readonly draining: readonly string[];
}

/** A process in a group. */
export interface Member {
  /** Its name, which no other live process may have. */
  readonly name: string;
  /** Tells it from another process of that name: random, of this start. */
  readonly incarnation: string;
}

/**
 * Says that a member of a group lives.
 * @param joins the member is only starting: the name is its own from now on, and an earlier drain of it is over
 * @returns also whether another process joined with the name since: this one is none of the members then
 */
export async function heartbeat(
  client: RedisClient,
  group: string,
  { name, incarnation }: Member,
  ttlMs: number,
  joins = false,
): Promise<Membership & { readonly replaced: boolean }> {
  const reply = (await heartbeatScript.run(
    client,
    [membersKey(group), drainingKey(group), incarnationsKey(group)],
    [name, ttlMs, joins ? "join" : "", incarnation],
  )) as [string[], string[], number];
  return {
    members: reply[0].toSorted(),
    draining: reply[1].toSorted(),
    replaced: reply[2] === 1,
  };
}

/** The live members, without being one. */
export async function readMembership(client: RedisClient, group: string): Promise<Membership> {
  return heartbeat(client, group, { name: "", incarnation: "" }, 0);
}

/**
 * Asks a member to give its partitions to the others and to take none, until it ends or {@link undrainMember}.
 * @returns `unknown` where no live member has that name, `last` where nobody would be left to own partitions
 */
export async function drainMember(
  client: RedisClient,
  group: string,
  member: string,
): Promise<"ok" | "unknown" | "last"> {
  const reply = await drainScript.run(client, [membersKey(group), drainingKey(group)], [member]);
  return reply as "ok" | "unknown" | "last";
}

/** Lets a draining member own partitions again. @returns false where it did not drain */
export async function undrainMember(
  client: RedisClient,
  group: string,
  member: string,
): Promise<boolean> {
  return (await client.srem(drainingKey(group), member)) === 1;
}

/** Takes a member out of its group at once. */
export async function leaveGroup(
  client: RedisClient,
  group: string,
  { name, incarnation }: Member,
): Promise<void> {
  await leaveScript.run(client, [membersKey(group), incarnationsKey(group)], [name, incarnation]);
}
