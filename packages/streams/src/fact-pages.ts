import { factsKey } from "@tributary/protocol";
import { parseEntries, type StreamEntry } from "./read-group.ts";
import type { RedisClient } from "./redis.ts";

const FIRST_PAGE_ENTRIES = 16;
const MAX_PAGE_ENTRIES = 4096;

export interface FactPagesOptions {
  /** About how many bytes of blocks a page has. */
  readonly pageBytes: number;
  /** ID of the oldest block that is read; without it the log is read from its beginning. */
  readonly factsFrom?: string | undefined;
}

/** A partition's fact log in pages. While a page is worked on the next one is under way, so no more than two are in memory. */
export async function* factPages(
  client: RedisClient,
  partition: number,
  { pageBytes, factsFrom = "-" }: FactPagesOptions,
): AsyncGenerator<StreamEntry[]> {
  const read = async (from: string, entries: number): Promise<StreamEntry[]> => {
    const args = [factsKey(partition), from, "+", "COUNT", entries];
    return parseEntries((await client.callBuffer("XRANGE", args)) as unknown[]);
  };
  let next = read(factsFrom, FIRST_PAGE_ENTRIES);
  for (;;) {
    const page = await next;
    const last = page.at(-1);
    if (last === undefined) return;
    const bytes = page.reduce((sum, { block }) => sum + block.length, 0);
    const entries = Math.ceil((pageBytes * page.length) / Math.max(bytes, 1));
    next = read(`(${last.id}`, Math.min(entries, MAX_PAGE_ENTRIES));
    // Where it fails that is thrown when its turn comes; where nobody asks for it any more nobody needs to know.
    next.catch(() => undefined);
    yield page;
  }
}
