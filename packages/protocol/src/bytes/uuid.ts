/** UUID text as its 16 bytes, so that an ID takes 16 bytes on the wire and in memory instead of 36. */

const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i += 1) HEX[48 + i] = i;
// Lower case only: an upper-case UUID is kept as text, so that what comes back is what was sent.
for (let i = 0; i < 6; i += 1) HEX[97 + i] = 10 + i;

const HEX_TEXT: string[] = [];
for (let i = 0; i < 256; i += 1) HEX_TEXT.push(i.toString(16).padStart(2, "0"));

/** Positions of the text's byte pairs in `8-4-4-4-12` form. */
const PAIRS = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);
const DASH = 45;
export const UUID_TEXT_BYTES = 36;
export const UUID_BYTES = 16;

/**
 * Packs the 36 bytes of lower-case UUID text at `start` into 16 bytes at `target[at…]`.
 * @returns false, with `target` in any state, where the text is not of that form.
 */
export function packUuid(text: Uint8Array, start: number, target: Uint8Array, at: number): boolean {
  if (
    text[start + 8] !== DASH ||
    text[start + 13] !== DASH ||
    text[start + 18] !== DASH ||
    text[start + 23] !== DASH
  ) {
    return false;
  }
  let bad = 0;
  for (let i = 0; i < UUID_BYTES; i += 1) {
    const at2 = start + (PAIRS[i] as number);
    const high = HEX[text[at2] as number] as number;
    const low = HEX[text[at2 + 1] as number] as number;
    bad |= high | low;
    target[at + i] = (high << 4) | low;
  }
  return bad >= 0;
}

/** The lower-case text of the 16 bytes at `start`. */
export function formatUuid(bytes: Uint8Array, start: number): string {
  let text = "";
  for (let i = 0; i < UUID_BYTES; i += 1) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += HEX_TEXT[bytes[start + i] as number] ?? "";
  }
  return text;
}
