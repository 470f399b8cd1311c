/**
 * A partition's fact log as its owner reads it: a stream, and the blocks of it that were rewritten because somebody was erased.
 * Streams cannot be overwritten, so a block that is rewritten moves to a sorted set beside the stream and keeps its place: all
 * scores are 0, and each member begins with the ID that its entry had. Only the owner rewrites.
 */
import { factsKey, rewrittenFactsKey } from "@tributary/protocol";
import { compareEntryIds, readSortableId, sortableId } from "../redis/entry-id.ts";
import { parseEntries, type StreamEntry } from "../redis/read-group.ts";
import type { RedisClient } from "../redis/client.ts";

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
  let next = readFactPage(client, partition, factsFrom, FIRST_PAGE_ENTRIES);
  for (;;) {
    const page = await next;
    const last = page.at(-1);
    if (last === undefined) return;
    next = readFactPage(client, partition, `(${last.id}`, entriesOfPage(page, pageBytes));
    // Where it fails that is thrown when its turn comes; where nobody asks for it any more nobody needs to know.
    next.catch(() => undefined);
    yield page;
  }
}

/** How many entries the page after a page should have. @param pageBytes about how many bytes that is */
export function entriesOfPage(page: readonly StreamEntry[], pageBytes: number): number {
  const bytes = page.reduce((sum, { block }) => sum + block.length, 0);
  const entries = Math.ceil((pageBytes * page.length) / Math.max(bytes, 1));
  return Math.max(1, Math.min(entries, MAX_PAGE_ENTRIES));
}

/**
 * Blocks of the fact log in their order.
 * @param from ID of the first, with `(` before it the one behind; `-` for the beginning
 * @param entries about how many; there are none where the log ends
 */
export async function readFactPage(
  client: RedisClient,
  partition: number,
  from: string,
  entries: number,
): Promise<StreamEntry[]> {
  const [stream, rewritten] = await Promise.all([
    client.callBuffer("XRANGE", [factsKey(partition), from, "+", "COUNT", entries]),
    client.callBuffer("ZRANGEBYLEX", [
      rewrittenFactsKey(partition),
      lexFrom(from),
      "+",
      "LIMIT",
      0,
      entries,
    ]),
  ]);
  const inPlace = parseEntries(stream as unknown[]);
  const moved = (rewritten as Buffer[]).map(parseMember);
  if (moved.length === 0) return inPlace;
  // What is full may go on before where the other ends.
  const ends = [inPlace, moved].flatMap((all) => (all.length < entries ? [] : [all.at(-1)?.id]));
  const end = ends.toSorted((a = "", b = "") => compareEntryIds(a, b))[0];
  return [...inPlace, ...moved]
    .toSorted((a, b) => compareEntryIds(a.id, b.id))
    .filter(({ id }) => end === undefined || compareEntryIds(id, end) <= 0);
}

/** A member is its ID as {@link sortableId} has it, facts, position of the commit and the block, each behind a space. */
function parseMember(member: Buffer): StreamEntry {
  const { id, length } = readSortableId(member);
  const countEnd = member.indexOf(" ", length + 1);
  const positionEnd = member.indexOf(" ", countEnd + 1);
  return {
    id,
    count: Number(member.toString("latin1", length + 1, countEnd)),
    position: member.toString("latin1", countEnd + 1, positionEnd),
    block: member.subarray(positionEnd + 1),
  };
}

function lexFrom(from: string): string | Buffer {
  if (from === "-") return from;
  if (!from.startsWith("(")) return `[${sortableId(from)}`;
  // Behind every member of that ID: the byte occurs in no text before it.
  return Buffer.from(`(${sortableId(from.slice(1))}\u00ff`, "latin1");
}
