/**
 * A text as a number from 1 to 2^53 − 1, by cyrb53 (bryc, public domain, https://github.com/bryc/code, `cyrb53.js`). Texts are
 * compared within one session of one person, so that two different ones of one number do not happen.
 * @param kind whole number that tells texts of one kind from those of another
 */
export function textKey(text: string, kind: number): number {
  let low = 0xdeadbeef ^ kind;
  let high = 0x41c6ce57 ^ kind;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 2_654_435_761);
    high = Math.imul(high ^ unit, 1_597_334_677);
  }
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  return 4_294_967_296 * (high & 0x1fffff) + (low >>> 0) || 1;
}
