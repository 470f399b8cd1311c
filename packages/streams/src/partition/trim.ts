import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  resultsKey,
  rewrittenFactsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { sortableId } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const trimScript = new Script(new URL("./trim.lua", import.meta.url), "streams");

/**
 * Frees what a partition's streams no longer need: events that the workers committed, results that the warehouse acknowledged, and
 * facts before `factsFrom` that the warehouse acknowledged. Never more than every group has acknowledged.
 * @param factsFrom ID of the oldest fact block that can still matter; undefined keeps all
 * @returns how many entries were trimmed
 */
export async function trimPartition(
  client: RedisClient,
  partition: number,
  factsFrom: string | undefined,
): Promise<number> {
  const state = stateKey(partition);
  const runs = [
    trimScript.run(client, [eventsKey(partition), state], ["events", "", ATTRIBUTION_GROUP]),
    trimScript.run(client, [resultsKey(partition), state], ["results", "", WAREHOUSE_GROUP]),
  ];
  if (factsFrom !== undefined) {
    runs.push(
      trimScript.run(client, [factsKey(partition), state], ["facts", factsFrom, WAREHOUSE_GROUP]),
      // What was rewritten had been acknowledged.
      client.zremrangebylex(rewrittenFactsKey(partition), "-", `(${sortableId(factsFrom)}`),
    );
  }
  const trimmed = await Promise.all(runs);
  return trimmed.reduce<number>((sum, count) => sum + Number(count), 0);
}
