import { setTimeout as sleep } from "node:timers/promises";
import {
  eventsKey,
  factsKey,
  outboxKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { compareEntryIds, FIRST_ID } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";

export interface SettleOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const POLL_MS = 20;
/** Events, messages, answers; an erasure that an anonymous ID is asked for goes to its user's partition first. */
const ROUNDS = 4;

/**
 * Waits until everything that was accepted before the call is attributed and loaded; what comes later does not prolong
 * it. @returns false where it was not within the time
 */
export async function settle(
  client: RedisClient,
  partitions: number,
  options: SettleOptions,
): Promise<boolean> {
  const deadline = performance.now() + options.timeoutMs;
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  // What is in the events may lead to messages to other partitions, and those to further ones, which lead to none.
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!(await attributed(client, all, deadline, options.signal))) return false;
  }
  const keys = all.flatMap((partition) => [factsKey(partition), resultsKey(partition)]);
  const loaded = await Promise.all(
    keys.map(async (key) => {
      const last = await lastId(client, key);
      return until(deadline, options.signal, async () => isAcknowledged(client, key, last));
    }),
  );
  return !loaded.includes(false);
}

/** Waits until all that is in the events now is committed, and all that it has to tell is relayed. */
async function attributed(
  client: RedisClient,
  all: readonly number[],
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const events = await Promise.all(
    all.map(async (partition) => lastId(client, eventsKey(partition))),
  );
  const settled = await Promise.all(
    all.map(async (partition) =>
      until(deadline, signal, async () => {
        const position = await client.hget(stateKey(partition), "position");
        return compareEntryIds(position ?? FIRST_ID, events[partition] ?? FIRST_ID) >= 0;
      }),
    ),
  );
  if (settled.includes(false)) return false;
  const relayed = await Promise.all(
    all.map(async (partition) => {
      const key = outboxKey(partition);
      const last = await lastId(client, key);
      return until(deadline, signal, async () => {
        const [oldest] = await client.xrange(key, "-", last, "COUNT", 1);
        return oldest === undefined;
      });
    }),
  );
  return !relayed.includes(false);
}

async function until(
  deadline: number,
  signal: AbortSignal | undefined,
  condition: () => Promise<boolean>,
): Promise<boolean> {
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline || signal?.aborted === true) return false;
    await sleep(POLL_MS);
  }
}

/** ID of the last entry ever appended to a stream. */
async function lastId(client: RedisClient, key: string): Promise<string> {
  return (await streamField(client, ["STREAM", key], "last-generated-id")) ?? FIRST_ID;
}

async function isAcknowledged(client: RedisClient, key: string, id: string): Promise<boolean> {
  if (id === FIRST_ID) return true;
  const groups = (await client.xinfo("GROUPS", key)) as unknown[][];
  const group = groups.find((fields) => fieldOf(fields, "name") === WAREHOUSE_GROUP);
  if (group === undefined) return false;
  if (compareEntryIds(fieldOf(group, "last-delivered-id") ?? FIRST_ID, id) < 0) return false;
  const pending = await client.xpending(key, WAREHOUSE_GROUP, "-", id, 1);
  return pending.length === 0;
}

async function streamField(
  client: RedisClient,
  args: string[],
  field: string,
): Promise<string | undefined> {
  try {
    return fieldOf((await client.call("XINFO", args)) as unknown[], field);
  } catch (error) {
    if (error instanceof Error && error.message.includes("no such key")) return undefined;
    throw error;
  }
}

/** A field of what XINFO answers. */
export function fieldOf(fields: readonly unknown[], name: string): string | undefined {
  const at = fields.indexOf(name);
  return at < 0 ? undefined : String(fields[at + 1]);
}
