/** What JSON text is made of, beside strings: RFC 8259. */

const TRUE = Uint8Array.of(0x74, 0x72, 0x75, 0x65);
const FALSE = Uint8Array.of(0x66, 0x61, 0x6c, 0x73, 0x65);
const NULL = Uint8Array.of(0x6e, 0x75, 0x6c, 0x6c);

/** RFC 8259, section 2: space, tab, line feed, carriage return. */
export function skipWhite(bytes: Uint8Array, pos: number, end: number): number {
  let i = pos;
  while (i < end) {
    const byte = bytes[i] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    i += 1;
  }
  return i;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

export function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
}

/** Length of the `true`, `false` or `null` at `pos`, 0 where it is none of them. */
export function literalLength(bytes: Uint8Array, pos: number, end: number, lead: number): number {
  const text = lead === 0x74 ? TRUE : lead === 0x66 ? FALSE : NULL;
  if (pos + text.length > end) return 0;
  for (let i = 0; i < text.length; i += 1) {
    if (bytes[pos + i] !== text[i]) return 0;
  }
  return text.length;
}
