const INITIAL_BYTES = 4096;

/** Byte strings one after another, for keys and IDs that are too long for a record. */
export class ByteArena {
  bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  /** Keeps a copy of `from[start … start + length)`. @returns its place */
  append(from: Uint8Array, start: number, length: number): number {
    const place = this.#length;
    if (place + length > this.bytes.length) {
      const size = Math.max(Math.ceil(this.bytes.length * 1.5), place + length);
      const grown = new Uint8Array(size);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(from.subarray(start, start + length), place);
    this.#length = place + length;
    return place;
  }

  /** Whether the bytes at a place are those of `other[start … start + length)`. */
  equals(place: number, other: Uint8Array, start: number, length: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < length; i += 1) {
      if (bytes[place + i] !== other[start + i]) return false;
    }
    return true;
  }
}
