import { setTimeout as sleep } from "node:timers/promises";
import {
  eventsKey,
  factsKey,
  outboxKey,
  progressFields,
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
/** Events, messages, and answers to them; an erasure by an anonymous ID takes one more, to its user's partition. */
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
  // Events may lead to messages to other partitions, and those to further ones, which lead to none.
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!(await attributed(client, all, deadline, options.signal))) return false;
  }
  const streams = all.flatMap((partition) =>
    (["facts", "results"] as const).map((stream) => ({ partition, stream })),
  );
  const loaded = await Promise.all(
    streams.map(async ({ partition, stream }) => {
      const key = stream === "facts" ? factsKey(partition) : resultsKey(partition);
      const last = await lastId(client, key);
      const [acknowledgedField] = progressFields(WAREHOUSE_GROUP, stream);
      return until(deadline, options.signal, async () => {
        const done = await client.hget(stateKey(partition), acknowledgedField);
        return (await isEmpty(client, key, done, last)) && (await isTaken(client, key, last));
      });
    }),
  );
  return !loaded.includes(false);
}

/** Waits until all present events are committed, and their messages to other partitions relayed. */
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
        const done = await client.hget(stateKey(partition), "position");
        return isEmpty(client, eventsKey(partition), done, events[partition] ?? FIRST_ID);
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
  return fieldOf(await infoOf(client, "STREAM", key), "last-generated-id") ?? FIRST_ID;
}

/** Whether a stream has no entry behind what was done with, up to an ID: it was, or somebody deleted it. */
async function isEmpty(
  client: RedisClient,
  key: string,
  done: string | null,
  last: string,
): Promise<boolean> {
  if (compareEntryIds(done ?? FIRST_ID, last) >= 0) return true;
  return (await client.xrange(key, `(${done ?? FIRST_ID}`, last, "COUNT", 1)).length === 0;
}

/**
 * Whether nothing up to an ID was given to the loader and not acknowledged, or given back to it. Not where its group is lost: maybe with
 * the stream and what was in it.
 */
async function isTaken(client: RedisClient, key: string, last: string): Promise<boolean> {
  const groups = (await infoOf(client, "GROUPS", key)) as unknown[][];
  if (!groups.some((fields) => fieldOf(fields, "name") === WAREHOUSE_GROUP)) return false;
  return (await client.xpending(key, WAREHOUSE_GROUP, "-", last, 1)).length === 0;
}

/** What XINFO says of a stream; empty where there is none. */
async function infoOf(
  client: RedisClient,
  about: "STREAM" | "GROUPS",
  key: string,
): Promise<unknown[]> {
  try {
    return (await client.call("XINFO", [about, key])) as unknown[];
  } catch (error) {
    if (error instanceof Error && error.message.includes("no such key")) return [];
    throw error;
  }
}

/** A field of what XINFO answers. */
export function fieldOf(fields: readonly unknown[], name: string): string | undefined {
  const at = fields.indexOf(name);
  return at < 0 ? undefined : String(fields[at + 1]);
}
