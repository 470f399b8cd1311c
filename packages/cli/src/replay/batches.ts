import { createRandom, shuffle } from "@tributary/lab/sample";
import type { Rejected, SourceChunk, SourceEvent } from "./sources/source-item.ts";

/** Events that are sent together. */
export interface Batch {
  readonly events: readonly SourceEvent[];
  /** End of this batch in the file, bytes. */
  readonly bytesRead: number;
}

export interface BatchOptions {
  /** Events of a batch. */
  readonly size: number;
  /** Most events of all. */
  readonly limit?: number | undefined;
  /** Shuffles all events, which holds all of them in memory. */
  readonly shuffleSeed?: number | undefined;
  /** Called with the lines of the file that are no events. */
  readonly rejected: (items: readonly Rejected[]) => void;
}

/** Cuts a file's events into batches. Holds one chunk and one batch in memory, unless it shuffles. */
export async function* cutBatches(
  chunks: AsyncIterable<SourceChunk>,
  options: BatchOptions,
): AsyncGenerator<Batch> {
  const source = options.shuffleSeed === undefined ? chunks : shuffled(chunks, options.shuffleSeed);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let batch: SourceEvent[] = [];
  let bytesRead = 0;
  for await (const chunk of source) {
    bytesRead = chunk.bytesRead;
    // With a limit, lines after the last event are not reported.
    const last = left <= chunk.events.length ? chunk.events[left - 1]?.line : undefined;
    const rejected = chunk.rejected.filter(({ line }) => last === undefined || line < last);
    if (rejected.length > 0) options.rejected(rejected);
    for (const event of chunk.events) {
      if (left === 0) break;
      left -= 1;
      batch.push(event);
      if (batch.length < options.size) continue;
      yield { events: batch, bytesRead };
      batch = [];
    }
    if (left === 0) break;
  }
  if (batch.length > 0) yield { events: batch, bytesRead };
}

/** All events in an order that the seed alone decides. */
async function* shuffled(
  chunks: AsyncIterable<SourceChunk>,
  seed: number,
): AsyncGenerator<SourceChunk> {
  const events: SourceEvent[] = [];
  const rejected: Rejected[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size = chunk.bytesRead;
    for (const event of chunk.events) events.push(event);
    for (const item of chunk.rejected) rejected.push(item);
  }
  shuffle(createRandom(seed), events);
  yield { events: [], rejected, bytesRead: 0 };
  const step = 10_000;
  for (let i = 0; i < events.length; i += step) {
    const part = events.slice(i, i + step);
    yield {
      events: part,
      rejected: [],
      bytesRead: Math.round((size * (i + part.length)) / events.length),
    };
  }
}
