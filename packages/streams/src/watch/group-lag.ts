import { factsKey, resultsKey, stateKey } from "@tributary/protocol";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { StreamLag } from "./lag.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const groupLagScript = new Script(new URL("./group-lag.lua", import.meta.url), "streams");

/**
 * What a consumer group other than the workers' has left to do in a stream of all partitions, summed up: everything in it where there is
 * no such group.
 * @param now the clock, ms since 1970
 */
export async function readGroupLag(
  client: RedisClient,
  group: string,
  stream: "facts" | "results",
  partitions: number,
  now: number = Date.now(),
): Promise<StreamLag> {
  const keyOf = stream === "facts" ? factsKey : resultsKey;
  const replies = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const keys = [keyOf(partition), stateKey(partition)];
      return (await groupLagScript.run(client, keys, [group, stream])) as string[];
    }),
  );
  const ages = replies.map(([, , oldest = ""]) =>
    oldest === "" ? 0 : Math.max(0, (now - entryTimeMs(oldest)) / 1000),
  );
  return {
    undelivered: replies.reduce((sum, [undelivered]) => sum + Number(undelivered), 0),
    pending: replies.reduce((sum, [, pending]) => sum + Number(pending), 0),
    oldestAgeSeconds: Math.max(0, ...ages),
    strandedPartitions: replies.filter(([, , , stranded]) => stranded === "1").length,
  };
}
