import type { BatchOutcome } from "@tributary/attribution";
import {
  BatchScanner,
  createRowDictionaries,
  EntryWriter,
  EventRow,
  packEvents,
  readResultBlock,
} from "@tributary/protocol";

export const NOW = 1_790_000_000_000;

/** Events of tenant `default` as an entry, as the gateway builds it. */
export function entryOf(events: readonly unknown[]): Uint8Array {
  const dictionaries = createRowDictionaries(5);
  const tenant = dictionaries.tenants.internText("default");
  const writer = new EntryWriter(dictionaries);
  const options = {
    now: NOW,
    tenant,
    maxEvents: 100_000,
    maxEventBytes: 32_768,
    maxFutureMs: 86_400_000,
    clockToleranceMs: 0,
    maxTransitMs: 3_300_000,
  };
  const { refused } = new BatchScanner(dictionaries).scan(packEvents(events), options, (row) =>
    writer.append(row),
  );
  if (refused.length > 0) throw new Error(`a test's event is bad: ${JSON.stringify(refused[0])}`);
  return writer.finish();
}

/** A conversion's result. */
export interface Decoded {
  /** User and event ID, `u/c`. */
  readonly key: string;
  /** Net value as decimal text. */
  readonly value: string;
  /** IDs of the touchpoints in path order. */
  readonly path: string[];
}

/** The results of a batch whose IDs are short texts. */
export function decodeResults({ results }: BatchOutcome): Decoded[] {
  return results.flatMap(({ bytes }) => {
    const block = readResultBlock(bytes, createRowDictionaries(6));
    const row = new EventRow();
    return block.values.map((value, i) => {
      block.conversions.next(row);
      const user = text(row.user, row.userStart, row.userLength);
      const key = `${user}/${text(row.id, row.idStart, row.idLength)}`;
      const path = Array.from({ length: block.touchCounts[i] ?? 0 }, () => {
        block.touches.next(row);
        return text(row.id, row.idStart, row.idLength);
      });
      return { key, value, path };
    });
  });
}

function text(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.subarray(start, start + length)).toString("utf8");
}
