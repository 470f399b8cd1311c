import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  resultsKey,
  WAREHOUSE_GROUP,
  WEBHOOKS_GROUP,
} from "@tributary/protocol";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const idleConsumersScript = new Script(new URL("./idle-consumers.lua", import.meta.url), "streams");

/**
 * Removes consumers of processes that are gone: those that have nothing in hand and were not seen for `idleMs`. One that lives and had
 * nothing to do for so long is there again with its next read.
 * @returns their names, each once
 * @throws the client's error
 */
export async function removeIdleConsumers(
  client: RedisClient,
  partitions: number,
  idleMs: number,
): Promise<string[]> {
  const groups = [ATTRIBUTION_GROUP, WAREHOUSE_GROUP, WEBHOOKS_GROUP];
  const keys = Array.from({ length: partitions }, (_, partition) => [
    eventsKey(partition),
    factsKey(partition),
    resultsKey(partition),
  ]).flat();
  const removed = await Promise.all(
    keys.map(async (key) => idleConsumersScript.run(client, [key], [idleMs, ...groups])),
  );
  return [...new Set((removed as string[][]).flat())].toSorted();
}
