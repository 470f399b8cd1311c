import { factsKey, progressFields, stateKey, WAREHOUSE_GROUP } from "@tributary/protocol";
import { compareEntryIds, FIRST_ID } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";
import { fieldOf } from "../watch/settle.ts";

/**
 * Where the entries of a partition's facts begin that some group of them has not acknowledged: all before that ID are done with. An
 * operator who sets a group back brings it before it again; the warehouse's brings it never past what it acknowledged, wherever it is
 * set.
 * @returns undefined where the warehouse's group is not there
 */
export async function firstUnacknowledged(
  client: RedisClient,
  partition: number,
): Promise<string | undefined> {
  const key = factsKey(partition);
  const groups = ((await client.xinfo("GROUPS", key)) as unknown[][]).map((fields) => ({
    name: fieldOf(fields, "name") ?? "",
    delivered: fieldOf(fields, "last-delivered-id") ?? FIRST_ID,
    pending: Number(fieldOf(fields, "pending")),
  }));
  if (!groups.some(({ name }) => name === WAREHOUSE_GROUP)) return undefined;
  const firsts = await Promise.all(
    groups.map(async ({ name, delivered, pending }) => {
      if (pending === 0) return idAfter(delivered);
      const [, oldest] = (await client.xpending(key, name)) as [number, string | null];
      return oldest ?? idAfter(delivered);
    }),
  );
  const [acknowledged] = progressFields(WAREHOUSE_GROUP, "facts");
  const done = await client.hget(stateKey(partition), acknowledged);
  return [...firsts, idAfter(done ?? FIRST_ID)].toSorted(compareEntryIds)[0];
}

function idAfter(id: string): string {
  const [ms, sequence] = id.split("-");
  return `${ms}-${BigInt(sequence ?? 0) + 1n}`;
}
