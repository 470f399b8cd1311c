import { entryTimeMs } from "../redis/entry-id.ts";
import type { WaitingLag } from "./lag.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const groupLagScript = new Script(new URL("./group-lag.lua", import.meta.url));

/**
 * What a consumer group has left to do in some streams, summed up. A stream that the group is not on adds nothing.
 * @param now the clock, ms since 1970
 */
export async function readGroupLag(
  client: RedisClient,
  group: string,
  streams: readonly string[],
  now: number = Date.now(),
): Promise<WaitingLag> {
  const replies = await Promise.all(
    streams.map(async (key) => (await groupLagScript.run(client, [key], [group])) as string[]),
  );
  const found = replies.filter((reply) => reply.length > 0);
  const ages = found.map(([, , oldest = ""]) =>
    oldest === "" ? 0 : Math.max(0, (now - entryTimeMs(oldest)) / 1000),
  );
  return {
    undelivered: found.reduce((sum, [undelivered]) => sum + Number(undelivered), 0),
    pending: found.reduce((sum, [, pending]) => sum + Number(pending), 0),
    oldestAgeSeconds: Math.max(0, ...ages),
  };
}
