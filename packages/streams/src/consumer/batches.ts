import { isErasure } from "@tributary/protocol";
import type { StreamEntry } from "../redis/read-group.ts";

/**
 * Takes the next batch off the front of what is pending: as many entries as their rows allow, one where it must be alone.
 * @param pending entries in the order of their IDs, at least one; the batch's are removed
 * @param mustBeAlone whether an entry is tried in a batch of its own
 */
export function takeBatch(
  pending: StreamEntry[],
  maxBatchEvents: number,
  maxEntries: number,
  mustBeAlone: (entry: StreamEntry) => boolean,
): StreamEntry[] {
  const first = pending.shift();
  if (first === undefined) return [];
  const batch = [first];
  if (mustBeAlone(first)) return batch;
  let rows = rowsOf(first);
  for (let next = pending[0]; next !== undefined && batch.length < maxEntries; next = pending[0]) {
    rows += rowsOf(next);
    if (rows > maxBatchEvents || mustBeAlone(next) || beginsBatch(next)) break;
    batch.push(next);
    pending.shift();
  }
  return batch;
}

/** Rows of an entry, be they events or not. */
function rowsOf({ count, rows }: StreamEntry): number {
  return count + (rows ?? 0);
}

/** Whether an entry is the first of its batch: it erases what the batches before it brought. */
function beginsBatch({ rows, block }: StreamEntry): boolean {
  return rows !== undefined && rows > 0 && isErasure(block);
}
