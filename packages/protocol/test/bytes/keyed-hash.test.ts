import { describe, expect, it } from "vitest";
import { keyedHash } from "../../src/index.ts";

/** HalfSipHash-1-3 written plainly from the paper's description, on 32-bit words with BigInt masking. */
function plain(bytes: Uint8Array, k0: number, k1: number): number {
  const M = 0xffffffffn;
  const rotl = (x: bigint, b: bigint): bigint => ((x << b) | (x >> (32n - b))) & M;
  let [v0, v1, v2, v3] = [
    BigInt(k0 >>> 0),
    BigInt(k1 >>> 0),
    0x6c796765n ^ BigInt(k0 >>> 0),
    0x74656462n ^ BigInt(k1 >>> 0),
  ];
  const round = (): void => {
    v0 = (v0 + v1) & M;
    v1 = rotl(v1, 5n) ^ v0;
    v0 = rotl(v0, 16n);
    v2 = (v2 + v3) & M;
    v3 = rotl(v3, 8n) ^ v2;
    v0 = (v0 + v3) & M;
    v3 = rotl(v3, 7n) ^ v0;
    v2 = (v2 + v1) & M;
    v1 = rotl(v1, 13n) ^ v2;
    v2 = rotl(v2, 16n);
  };
  const words = Math.floor(bytes.length / 4);
  for (let w = 0; w < words; w += 1) {
    const m = BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(w * 4, true));
    v3 ^= m;
    round();
    v0 ^= m;
  }
  let last = BigInt(bytes.length & 0xff) << 24n;
  for (let i = words * 4; i < bytes.length; i += 1)
    last |= BigInt(bytes[i] ?? 0) << BigInt(8 * (i & 3));
  v3 ^= last;
  round();
  v0 ^= last;
  v2 ^= 0xffn;
  round();
  round();
  round();
  return Number(v1 ^ v3) | 0;
}

describe("the keyed hash", () => {
  it("is HalfSipHash-1-3, for every length of tail", () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff);
      expect(keyedHash(bytes, 0, length, 0x03020100, 0x07060504)).toBe(
        plain(bytes, 0x03020100, 0x07060504),
      );
      expect(keyedHash(bytes, 0, length, -5, 12345)).toBe(plain(bytes, -5, 12345));
    }
  });

  it("depends on its key", () => {
    const bytes = Buffer.from("user-1");
    expect(keyedHash(bytes, 0, 6, 1, 2)).not.toBe(keyedHash(bytes, 0, 6, 1, 3));
    expect(keyedHash(bytes, 0, 6, 1, 2)).not.toBe(keyedHash(bytes, 0, 6, 2, 2));
  });
});
