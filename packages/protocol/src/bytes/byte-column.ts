/** A byte column that grows. */
export class ByteColumn {
  bytes = new Uint8Array(1024);
  length = 0;

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  byte(value: number): void {
    const at = this.length;
    if (at === this.bytes.length) this.reserve(1);
    this.bytes[at] = value;
    this.length = at + 1;
  }

  range(from: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    const { bytes } = this;
    const at = this.length;
    if (length > 64) bytes.set(from.subarray(start, start + length), at);
    else for (let i = 0; i < length; i += 1) bytes[at + i] = from[start + i] as number;
    this.length = at + length;
  }

  /** LEB128 of a whole number ≥ 0 and < 2^53. */
  varint(value: number): void {
    if (value < 0x80) {
      this.byte(value);
      return;
    }
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length] = (rest % 0x80) | 0x80;
      this.length += 1;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.bytes[this.length] = rest;
    this.length += 1;
  }
}
