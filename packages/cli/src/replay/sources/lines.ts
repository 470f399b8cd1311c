import { Buffer } from "node:buffer";
import { openContent } from "./file-content.ts";

/** Longest line, bytes. */
export const MAX_LINE_BYTES = 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Where it ends in the file, bytes. */
  readonly endByte: number;
  /** Undefined where the line is longer than {@link MAX_LINE_BYTES}. */
  readonly text: string | undefined;
}

export interface LineChunk {
  readonly lines: readonly Line[];
  readonly bytesRead: number;
}

/** A file's lines, with one chunk and one line of it in memory. A byte order mark and carriage returns are cut off. */
export async function* readLines(path: string): AsyncGenerator<LineChunk> {
  let bytesRead = 0;
  let number = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const take = (last: Buffer, endByte: number): Line => {
    number += 1;
    const tooLong = pendingBytes + last.length > MAX_LINE_BYTES;
    const whole = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    const text = tooLong ? undefined : decode(whole, number);
    pending = [];
    pendingBytes = 0;
    return { number, endByte, text };
  };
  for await (const data of openContent(path)) {
    const chunk = data as Buffer;
    const chunkStart = bytesRead;
    bytesRead += chunk.length;
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      lines.push(take(chunk.subarray(start, end), chunkStart + end + 1));
      start = end + 1;
    }
    if (start < chunk.length) {
      pendingBytes += chunk.length - start;
      // A line that is already too long is only counted, not kept.
      if (pendingBytes <= MAX_LINE_BYTES) pending.push(chunk.subarray(start));
      else pending = [];
    }
    yield { lines, bytesRead };
  }
  if (pendingBytes > 0) yield { lines: [take(Buffer.alloc(0), bytesRead)], bytesRead };
}

function decode(bytes: Buffer, number: number): string {
  const text = bytes.toString("utf8");
  const start = number === 1 && text.startsWith("\ufeff") ? 1 : 0;
  return text.slice(start, text.endsWith("\r") ? -1 : undefined);
}
