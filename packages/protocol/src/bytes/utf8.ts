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
