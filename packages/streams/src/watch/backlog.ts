import { eventsKey, factsKey, resultsKey, stateKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const backlogScript = new Script(new URL("./backlog.lua", import.meta.url), "streams");

/** What of a partition waits, in bytes of Redis's memory (an estimate of its own, from samples). */
export interface PartitionBacklog {
  /** Events, until they are committed and trimmed. */
  readonly workersBytes: number;
  /** Facts and results that the warehouse, or another group of theirs, has not acknowledged. */
  readonly warehouseBytes: number;
}

/** Reads a partition's backlog. @throws the client's error */
export async function readBacklog(
  client: RedisClient,
  partition: number,
): Promise<PartitionBacklog> {
  const keys = [
    eventsKey(partition),
    factsKey(partition),
    resultsKey(partition),
    stateKey(partition),
  ];
  const [workersBytes, warehouseBytes] = (await backlogScript.run(client, keys, [
    WAREHOUSE_GROUP,
  ])) as [number, number];
  return { workersBytes, warehouseBytes };
}
