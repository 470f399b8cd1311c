/**
 * HalfSipHash-1-3 with a 32-bit result (J.-P. Aumasson and D. J. Bernstein, https://github.com/veorq/SipHash,
 * `halfsiphash.c`): a keyed hash for tables whose keys come from strangers, so that nobody who does not know the key
 * can choose keys that collide.
 * @returns the hash as a signed 32-bit integer.
 */
export function keyedHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  key0: number,
  key1: number,
): number {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  const length = end - start;
  const whole = start + (length & ~3);
  let i = start;
  // Words, then the tail word with the length in its top byte, then three rounds with zero: 1 round a word, 3 to finish.
  for (let step = 0; step < 4;) {
    let word = 0;
    if (i < whole) {
      word =
        (bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24);
      i += 4;
    } else {
      if (step === 0) {
        word = length << 24;
        const tail = length & 3;
        if (tail > 2) word |= (bytes[i + 2] as number) << 16;
        if (tail > 1) word |= (bytes[i + 1] as number) << 8;
        if (tail > 0) word |= bytes[i] as number;
      } else if (step === 1) {
        v2 ^= 0xff;
      }
      step += 1;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}

/**
 * The same of whole words: of words[at … at + count), and of `last`, which should tell how long the message is.
 * @returns the hash as a signed 32-bit integer.
 */
export function keyedHashOfWords(
  words: Uint32Array,
  at: number,
  count: number,
  last: number,
  key0: number,
  key1: number,
): number {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  // Words, then the last one, then three rounds with zero: 1 round a word, 3 to finish.
  for (let step = 0; step < count + 4; step += 1) {
    const word = step < count ? (words[at + step] as number) : step === count ? last : 0;
    if (step === count + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
