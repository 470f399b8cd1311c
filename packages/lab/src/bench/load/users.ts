import { createRandom } from "../../sample/random.ts";

/** Draws made in advance, so that a draw during the load costs one read. A power of two. */
const DRAWS = 1 << 20;

/**
 * Endless numbers of users, from 0.
 * @param skew 0 for equal probabilities; else the exponent s of Zipf's law: the n-th user is as likely as n^−s
 */
export function userNumbers(users: number, skew: number, seed: number): () => number {
  const random = createRandom(seed);
  if (skew === 0) {
    // xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003): the generator should cost next to nothing.
    let state = Math.floor(random() * 0xffff_fffe) + 1;
    return () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % users;
    };
  }
  const upTo = new Float64Array(users);
  let total = 0;
  for (let i = 0; i < users; i += 1) {
    total += (i + 1) ** -skew;
    upTo[i] = total;
  }
  const draws = Int32Array.from({ length: DRAWS }, () => firstAbove(upTo, random() * total));
  let next = 0;
  return () => {
    next = (next + 1) & (DRAWS - 1);
    return draws[next] as number;
  };
}

function firstAbove(upTo: Float64Array, value: number): number {
  let low = 0;
  let high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((upTo[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
