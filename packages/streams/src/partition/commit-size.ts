import { Cluster } from "ioredis";
import type { RedisClient } from "../redis/client.ts";
import type { Commit } from "./commit.ts";

/** Bytes of a commit's blocks. */
export interface CommitSize {
  readonly totalBytes: number;
  readonly largestBytes: number;
}

/** How large a commit is, its few short fields left out. */
export function sizeOfCommit(commit: Commit): CommitSize {
  let totalBytes = 0;
  let largestBytes = 0;
  const add = (block: Uint8Array | undefined): void => {
    const bytes = block?.length ?? 0;
    totalBytes += bytes;
    largestBytes = Math.max(largestBytes, bytes);
  };
  add(commit.facts?.bytes);
  for (const block of commit.records ?? []) add(block);
  for (const { bytes } of commit.messages ?? []) add(bytes);
  for (const { bytes } of commit.results) add(bytes);
  for (const { block } of commit.deadLetters) add(block);
  return { totalBytes, largestBytes };
}

/** Settings of Redis that bound a command, with their defaults for a Redis that keeps them secret. */
const LIMITS = {
  "proto-max-bulk-len": 512 * 2 ** 20,
  "client-query-buffer-limit": 2 ** 30,
  maxmemory: 0,
} as const;

/**
 * Why Redis will never take a commit of that size, by its own settings; undefined where nothing says so. Redis closes the
 * connection on such a command, so that the answer looks lost.
 */
export async function refusalOfSize(
  client: RedisClient,
  { totalBytes, largestBytes }: CommitSize,
): Promise<string | undefined> {
  const node = client instanceof Cluster ? client.nodes("master")[0] : client;
  if (node === undefined) return undefined;
  const limitOf = async (name: keyof typeof LIMITS): Promise<number> => {
    try {
      const [, value] = (await node.call("CONFIG", ["GET", name])) as string[];
      return Number(value ?? LIMITS[name]);
    } catch {
      return LIMITS[name]; // a hosted Redis may refuse CONFIG
    }
  };
  const bounds = [
    ["proto-max-bulk-len", largestBytes],
    ["client-query-buffer-limit", totalBytes],
    ["maxmemory", totalBytes],
  ] as const;
  for (const [name, bytes] of bounds) {
    const limit = await limitOf(name);
    if (limit > 0 && bytes > limit) {
      return `its commit of ${megabytes(totalBytes)} is more than Redis takes (${name} ${limit})`;
    }
  }
  return undefined;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
