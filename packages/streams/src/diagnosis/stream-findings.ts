import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
  WEBHOOKS_GROUP,
} from "@tributary/protocol";
import { compareEntryIds } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";
import type { PartitionLag } from "../watch/lag.ts";
import type { Finding, FindingCode } from "./finding.ts";

const MOST_AGE_SECONDS = 60;

/** What is not as it should be with a platform's streams and their groups. @param webhooks whether their group must be there */
export async function streamFindings(
  client: RedisClient,
  lags: readonly PartitionLag[],
  webhooks: boolean,
): Promise<Finding[]> {
  const found = await Promise.all(
    lags.map(async (lag) => partitionFindings(client, lag, webhooks)),
  );
  return found.flat();
}

async function partitionFindings(
  client: RedisClient,
  lag: PartitionLag,
  webhooks: boolean,
): Promise<Finding[]> {
  const { partition } = lag;
  const events = eventsKey(partition);
  const wanted: readonly (readonly [string, string])[] = [
    [events, ATTRIBUTION_GROUP],
    [factsKey(partition), WAREHOUSE_GROUP],
    [resultsKey(partition), WAREHOUSE_GROUP],
    ...(webhooks ? [[resultsKey(partition), WEBHOOKS_GROUP] as const] : []),
  ];
  const lost = await Promise.all(
    wanted.map(async ([key, group]): Promise<Finding | undefined> => {
      if ((await groupsOf(client, key)).includes(group)) return undefined;
      return { code: "group_lost", subject: `${key}, group ${group}`, detail: "it is not there" };
    }),
  );
  const findings = lost.filter((finding) => finding !== undefined);
  const isLost = (group: string): boolean =>
    findings.some(({ subject }) => subject.endsWith(group));
  const add = (code: FindingCode, subject: string, detail: string): void => {
    findings.push({ code, subject, detail });
  };
  if (lag.stranded && !isLost(ATTRIBUTION_GROUP)) {
    add("group_ahead", `${events}, group ${ATTRIBUTION_GROUP}`, `${lag.undelivered} entries wait`);
  }
  if (lag.warehouse.stranded && !isLost(WAREHOUSE_GROUP)) {
    const subject = `partition ${partition}, group ${WAREHOUSE_GROUP}`;
    add("group_ahead", subject, `${lag.warehouse.undelivered} entries wait`);
  }
  const last = await lastIdOf(client, events);
  if (compareEntryIds(lag.position, last) > 0) {
    add("stream_deleted", events, `committed up to ${lag.position}, the stream ends at ${last}`);
  }
  const gone = lag.lost + lag.warehouse.lost;
  if (gone > 0) add("entries_lost", `partition ${partition}`, `${gone} entries since it began`);
  const waits = (what: string, of: { readonly oldestAgeSeconds: number }): void => {
    if (of.oldestAgeSeconds <= MOST_AGE_SECONDS) return;
    add("lag_old", `partition ${partition}, ${what}`, `${Math.round(of.oldestAgeSeconds)} s`);
  };
  waits("events", lag);
  waits("loading", lag.warehouse);
  if (lag.outbox.oldestAgeSeconds > MOST_AGE_SECONDS) {
    const age = `${Math.round(lag.outbox.oldestAgeSeconds)} s`;
    add(
      "outbox_old",
      `partition ${partition}`,
      `${lag.outbox.entries} messages, the oldest of ${age}`,
    );
  }
  if (lag.deadLetters > 0)
    add("dead_letters", `partition ${partition}`, `${lag.deadLetters} are kept`);
  return findings;
}

/** Names of a stream's groups; none where there is no stream. */
async function groupsOf(client: RedisClient, key: string): Promise<string[]> {
  const replies = (await ofStream(async () => client.xinfo("GROUPS", key), [])) as unknown[][];
  return replies.map((fields) => String(fields[fields.indexOf("name") + 1]));
}

/** The last ID that a stream ever gave; `0-0` where there is none. */
async function lastIdOf(client: RedisClient, key: string): Promise<string> {
  const fields = (await ofStream(async () => client.xinfo("STREAM", key), [])) as unknown[];
  const at = fields.indexOf("last-generated-id");
  return at < 0 ? "0-0" : String(fields[at + 1]);
}

async function ofStream<T>(ask: () => Promise<T>, none: T): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && error.message.includes("no such key")) return none;
    throw error;
  }
}

/** The number of partitions that there are keys of: the highest, and one. @returns 0 where there are none */
export async function countPartitions(client: RedisClient, most: number): Promise<number> {
  const found = await Promise.all(
    Array.from(
      { length: most },
      async (_, partition) =>
        (await client.exists(eventsKey(partition))) + (await client.exists(stateKey(partition))),
    ),
  );
  return found.findLastIndex((keys) => keys > 0) + 1;
}
