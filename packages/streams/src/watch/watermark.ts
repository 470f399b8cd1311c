import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  outboxKey,
  resultsKey,
  rewrittenFactsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const watermarkScript = new Script(new URL("./watermark.lua", import.meta.url), "streams");

/**
 * Up to which time everything that was accepted is attributed and loaded: each event that Redis got before it, but for dead
 * letters. Where nothing waits it is now, by the clock of the Redis that is behind the most. What was committed and acknowledged
 * tells, not where the consumer groups stand.
 * @returns ms since 1970; 0 where something waits and nobody knows since when
 * @throws the client's error
 */
export async function readCompleteUpTo(client: RedisClient, partitions: number): Promise<number> {
  const reads = Array.from({ length: partitions }, async (_, partition) =>
    watermarkScript.run(
      client,
      [
        eventsKey(partition),
        factsKey(partition),
        resultsKey(partition),
        outboxKey(partition),
        rewrittenFactsKey(partition),
        stateKey(partition),
      ],
      [ATTRIBUTION_GROUP, WAREHOUSE_GROUP],
    ),
  );
  return Math.min(...(await Promise.all(reads)).map(Number));
}
