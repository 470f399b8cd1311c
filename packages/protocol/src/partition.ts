import { Buffer } from "node:buffer";
import { murmur3 } from "./murmur3.ts";

/** Partitions that a platform may have. */
export const MAX_PARTITIONS = 1024;

/**
 * The seed of a tenant's partition hash: MurmurHash3 of the tenant's name in UTF-8, seed 0.
 * Worth keeping: it is the same for all events of a request.
 */
export function tenantSeed(tenant: string): number {
  const bytes = Buffer.from(tenant, "utf8");
  return murmur3(bytes, 0, bytes.length, 0);
}

/**
 * The partition of a user key, given as a range of UTF-8 bytes:
 * `murmur3(userKey, seed = murmur3(tenant, 0)) mod partitions`, unsigned.
 * vectors/partition.json lets another implementation check itself.
 */
export function partitionOfBytes(
  seed: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  partitions: number,
): number {
  return murmur3(bytes, start, end, seed) % partitions;
}

/** The partition of a tenant's user key, as text. The user key is `userId`, else `anonymousId`. */
export function partitionOf(tenant: string, userKey: string, partitions: number): number {
  const bytes = Buffer.from(userKey, "utf8");
  return partitionOfBytes(tenantSeed(tenant), bytes, 0, bytes.length, partitions);
}
