import { isUtf8 } from "node:buffer";

/**
 * Whether bytes[start…end) are valid UTF-8; plain ASCII is settled without a call, four bytes at a time.
 * @param words the same bytes
 */
export function isText(bytes: Uint8Array, words: DataView, start: number, end: number): boolean {
  let any = 0;
  let i = start;
  for (; i + 4 <= end; i += 4) any |= words.getInt32(i, true);
  for (; i < end; i += 1) any |= bytes[i] as number;
  return (any & 0x80808080) === 0 || isUtf8(bytes.subarray(start, end));
}

/** Where valid UTF-8 of at most `most` bytes ends: not within a character. */
export function cutEnd(bytes: Uint8Array, most: number): number {
  if (bytes.length <= most) return bytes.length;
  let end = most;
  // A character's later bytes are 10xxxxxx.
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return end;
}
