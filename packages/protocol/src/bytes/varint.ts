/** A decoded number; one object, reused by {@link readVarint}. */
export const varintRead = { value: 0 };

/**
 * Reads a LEB128 (https://en.wikipedia.org/wiki/LEB128) into {@link varintRead}.
 * @param maxScale place value of the last byte that it may have
 * @returns where it ends, −1 where that is not before `end` or it is too long
 */
export function readVarint(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxScale: number,
): number {
  let value = 0;
  let scale = 1;
  for (let pos = start; pos < end && scale <= maxScale; pos += 1) {
    const byte = bytes[pos] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      varintRead.value = value;
      return pos + 1;
    }
    scale *= 128;
  }
  return -1;
}
