import type { Rejected, SourceChunk, SourceEvent } from "../../src/replay/sources/source-item.ts";

/** Everything that a format reads. */
export async function readAll(
  chunks: AsyncIterable<SourceChunk>,
): Promise<{ events: SourceEvent[]; rejected: Rejected[] }> {
  const events: SourceEvent[] = [];
  const rejected: Rejected[] = [];
  for await (const chunk of chunks) {
    events.push(...chunk.events);
    rejected.push(...chunk.rejected);
  }
  return { events, rejected };
}
