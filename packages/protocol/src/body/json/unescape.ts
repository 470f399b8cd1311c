/** Where {@link unescapeJson} stopped: in the text, behind the closing quote, and in the output. One object, reused. */
export const unescaped = { next: 0, end: 0 };

/** The byte that a backslash and this byte stand for (RFC 8259, section 7); 0 for none. */
const ESCAPES = new Uint8Array(256);
for (const [name, byte] of Object.entries({
  '"': 0x22,
  "\\": 0x5c,
  "/": 0x2f,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
})) {
  ESCAPES[name.charCodeAt(0)] = byte;
}

/** What stands for half of a surrogate pair, which UTF-8 cannot hold. */
const REPLACEMENT = 0xfffd;

/**
 * Writes the rest of a JSON string to `out` from `at` on, as UTF-8 and without its escapes.
 * @returns false where the string is no JSON
 */
export function unescapeJson(
  bytes: Uint8Array,
  pos: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  let i = pos;
  let to = at;
  while (i < end) {
    const byte = bytes[i] as number;
    if (byte === 0x22) {
      unescaped.next = i + 1;
      unescaped.end = to;
      return true;
    }
    if (byte < 0x20) return false;
    if (byte !== 0x5c) {
      out[to] = byte;
      to += 1;
      i += 1;
      continue;
    }
    if (i + 1 >= end) return false;
    const name = bytes[i + 1] as number;
    if (name !== 0x75) {
      const plain = ESCAPES[name] as number;
      if (plain === 0) return false;
      out[to] = plain;
      to += 1;
      i += 2;
      continue;
    }
    let point = readHex(bytes, i + 2, end);
    i += 6;
    if (point < 0) return false;
    if ((point & 0xfc00) === 0xdc00) {
      point = REPLACEMENT;
    } else if ((point & 0xfc00) === 0xd800) {
      const isEscape = i + 1 < end && bytes[i] === 0x5c && bytes[i + 1] === 0x75;
      const low = isEscape ? readHex(bytes, i + 2, end) : -1;
      if ((low & ~0x3ff) === 0xdc00) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
        i += 6;
      } else {
        point = REPLACEMENT;
      }
    }
    to = writePoint(out, to, point);
  }
  return false;
}

/** Four hexadecimal digits, −1 where they are none. */
function readHex(bytes: Uint8Array, pos: number, end: number): number {
  if (pos + 4 > end) return -1;
  let value = 0;
  for (let i = pos; i < pos + 4; i += 1) {
    const byte = bytes[i] as number;
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else return -1;
  }
  return value;
}

/** A code point as UTF-8 (RFC 3629, section 3). @returns the position after it */
function writePoint(out: Uint8Array, at: number, point: number): number {
  let to = at;
  if (point < 0x80) {
    out[to] = point;
    return to + 1;
  }
  if (point < 0x800) {
    out[to] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      out[to] = 0xe0 | (point >> 12);
    } else {
      out[to] = 0xf0 | (point >> 18);
      to += 1;
      out[to] = 0x80 | ((point >> 12) & 0x3f);
    }
    to += 1;
    out[to] = 0x80 | ((point >> 6) & 0x3f);
  }
  out[to + 1] = 0x80 | (point & 0x3f);
  return to + 2;
}
