/** Writes msgpack values as the packer of body.ts does, into a buffer that has room for them. */

/** Bytes of the head of a container. */
export function headBytes(count: number): number {
  return count < 16 ? 1 : count < 65_536 ? 3 : 5;
}

/** Writes the head of a container. @param fix the lead byte of the shortest form @param wide that of the form of two bytes */
export function writeHead(
  out: Uint8Array,
  at: number,
  count: number,
  fix: number,
  wide: number,
): void {
  if (count < 16) {
    out[at] = fix | count;
  } else if (count < 65_536) {
    out[at] = wide;
    writeUint16(out, at + 1, count);
  } else {
    out[at] = wide + 1;
    writeUint32(out, at + 1, count);
  }
}

/** Writes a string's head. @returns where its bytes start */
export function writeStringHead(out: Uint8Array, at: number, length: number): number {
  if (length < 32) {
    out[at] = 0xa0 | length;
    return at + 1;
  }
  if (length < 256) {
    out[at] = 0xd9;
    out[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    out[at] = 0xda;
    writeUint16(out, at + 1, length);
    return at + 3;
  }
  out[at] = 0xdb;
  writeUint32(out, at + 1, length);
  return at + 5;
}

// Big endian; a byte array takes the last eight bits of a number.
function writeUint16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

function writeUint32(out: Uint8Array, at: number, value: number): void {
  writeUint16(out, at, value >>> 16);
  writeUint16(out, at + 2, value);
}

/**
 * Writes a number: the shortest integer up to 32 bits, else a double; −0 is 0.
 * @param view of the same bytes as `out`
 * @returns where it ends
 */
export function writeNumber(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value >>> 0 === value) {
    if (value < 0x80) {
      out[at] = value;
      return at + 1;
    }
    if (value < 0x100) {
      out[at] = 0xcc;
      out[at + 1] = value;
      return at + 2;
    }
    if (value < 0x10000) {
      out[at] = 0xcd;
      view.setUint16(at + 1, value);
      return at + 3;
    }
    out[at] = 0xce;
    view.setUint32(at + 1, value);
    return at + 5;
  }
  if (value >> 0 === value) {
    if (value >= -0x20) {
      out[at] = 0x100 + value;
      return at + 1;
    }
    if (value >= -0x80) {
      out[at] = 0xd0;
      view.setInt8(at + 1, value);
      return at + 2;
    }
    if (value >= -0x8000) {
      out[at] = 0xd1;
      view.setInt16(at + 1, value);
      return at + 3;
    }
    out[at] = 0xd2;
    view.setInt32(at + 1, value);
    return at + 5;
  }
  out[at] = 0xcb;
  view.setFloat64(at + 1, value);
  return at + 9;
}
