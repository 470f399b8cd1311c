import type { EntryColumns } from "@tributary/protocol";

/** Longest byte string that fits, bytes. */
export const WORDS_BYTES = 16;
const WORDS = WORDS_BYTES / 4;

/** Four masks for each length up to 16: which bytes of the words are the string's. */
const MASKS = new Int32Array((WORDS_BYTES + 1) * WORDS);
for (let length = 0; length <= WORDS_BYTES; length += 1) {
  for (let byte = 0; byte < length; byte += 1) {
    const word = length * WORDS + (byte >>> 2);
    MASKS[word] = (MASKS[word] as number) | (0xff << ((byte & 3) * 8));
  }
}

/**
 * Puts the first 16 bytes of a field into words[at … at + 4), with zeros behind a shorter one: words are compared and
 * hashed four times as fast as bytes.
 */
export function loadWords(
  { view }: EntryColumns,
  start: number,
  length: number,
  words: Uint32Array,
  at: number,
): void {
  const mask = (length < WORDS_BYTES ? length : WORDS_BYTES) * WORDS;
  words[at] = view.getInt32(start, true) & (MASKS[mask] as number);
  words[at + 1] = view.getInt32(start + 4, true) & (MASKS[mask + 1] as number);
  words[at + 2] = view.getInt32(start + 8, true) & (MASKS[mask + 2] as number);
  words[at + 3] = view.getInt32(start + 12, true) & (MASKS[mask + 3] as number);
}
