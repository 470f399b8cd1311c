import type { StreamEntry } from "./read-group.ts";

/** Redis' defaults of `stream-node-max-bytes` and `stream-node-max-entries`. */
const NODE_BYTES = 4096;
export const NODE_ENTRIES = 100;

/**
 * The entries that may share a node of the stream with one of them. Redis only marks a deleted entry: it frees the bytes, in memory and
 * in its files, when all entries of the node are deleted.
 * @param entries of the stream in their order @param at place of the entry
 * @returns places of the first and, exclusive, the last
 */
export function nodeAround(
  entries: readonly StreamEntry[],
  at: number,
): readonly [from: number, to: number] {
  const size = (place: number): number => entries[place]?.block.length ?? Infinity;
  let from = at;
  // A node is closed before an entry would make it too large.
  for (let bytes = size(at) + size(at - 1); bytes < NODE_BYTES && at - from < NODE_ENTRIES;) {
    from -= 1;
    bytes += size(from - 1);
  }
  let to = at + 1;
  for (let bytes = size(at) + size(to); bytes < NODE_BYTES && to - at < NODE_ENTRIES;) {
    to += 1;
    bytes += size(to);
  }
  return [from, to];
}
