import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Rejected, SourceChunk, SourceEvent } from "../../src/replay/source-item.ts";
import { temporaryDir } from "./data-dir.ts";

/** A file of the running test. @returns its path */
export function sourceFile(name: string, content: string | Uint8Array): string {
  const path = join(temporaryDir(), name);
  writeFileSync(path, content);
  return path;
}

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
