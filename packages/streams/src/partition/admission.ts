import { factsKey, rewrittenFactsKey } from "@tributary/protocol";
import type { Retention } from "./processor.ts";
import type { RedisClient } from "../redis/client.ts";

/** Whether a member has memory for more: asked before a partition is taken, and before entries are read. */
export interface Admission {
  /** False: nothing is read for now, what waits stays in Redis. */
  readonly mayRead: boolean;
  /**
   * Whether there is memory to rebuild a partition; if so it is reserved for it.
   * @param factLogBytes what the partition's fact log takes in Redis
   */
  mayTake(partition: number, factLogBytes: number): boolean;
  /** The partition is rebuilt: what it takes is known now. */
  rebuilt(partition: number): void;
  /** The partition is not owned (any more). */
  released(partition: number): void;
  /** While nothing is read: what of the partition's fact log can be trimmed, and whether a rebuild frees enough. */
  relief(partition: number): Retention;
}

/** Bytes that a partition's fact log takes in Redis, by its own estimate. */
export async function factLogBytes(client: RedisClient, partition: number): Promise<number> {
  const keys = [factsKey(partition), rewrittenFactsKey(partition)];
  const bytes = await Promise.all(
    keys.map(async (key) => Number((await client.call("MEMORY", ["USAGE", key])) ?? 0)),
  );
  return bytes.reduce((sum, of) => sum + of, 0);
}
