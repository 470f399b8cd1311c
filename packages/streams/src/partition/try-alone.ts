import { stateKey } from "@tributary/protocol";
import { StreamsError } from "../errors.ts";
import type { Lease } from "../ownership/lease.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const aloneScript = new Script(new URL("./alone.lua", import.meta.url));

/**
 * Writes down that an entry is about to be tried alone. Should it end the process, the next owner finds the count.
 * @returns by how many owners it was tried alone and not committed, this one included
 * @throws StreamsError `fenced`
 */
export async function countTryAlone(
  client: RedisClient,
  lease: Lease,
  id: string,
): Promise<number> {
  const [status, value] = await run(client, lease, id, "try");
  if (status === "ok") return Number(value);
  throw new StreamsError(
    "fenced",
    `partition ${lease.partition}: epoch ${lease.epoch} is over, it is ${value} now`,
  );
}

/** Takes an owner's try back, once: it ended or lost the partition, and not because of the entry. */
export async function takeTryBack(client: RedisClient, lease: Lease, id: string): Promise<void> {
  await run(client, lease, id, "survived");
}

async function run(
  client: RedisClient,
  lease: Lease,
  id: string,
  what: "try" | "survived",
): Promise<[string, string | number]> {
  const reply = await aloneScript.run(client, [stateKey(lease.partition)], [lease.epoch, id, what]);
  return reply as [string, string | number];
}
