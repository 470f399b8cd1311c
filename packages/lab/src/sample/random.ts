/** A stream of numbers in [0, 1) that a seed alone determines. */
export type Random = () => number;

/**
 * mulberry32: 32 bits of state, enough for samples and shuffles, not for secrets.
 * Source: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** An integer from 0 to below `bound`. */
export function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

/** One of the items, each as likely as its weight. */
export function weighted<T extends { readonly weight: number }>(
  random: Random,
  items: readonly [T, ...T[]],
): T {
  let total = 0;
  for (const { weight } of items) total += weight;
  let left = random() * total;
  for (const item of items) {
    left -= item.weight;
    if (left < 0) return item;
  }
  return items[0];
}

/** `length` lower-case hexadecimal digits. */
export function hex(random: Random, length: number): string {
  let text = "";
  while (text.length < length) text += below(random, 16).toString(16);
  return text;
}

/** Fisher–Yates, in place. Cost: one number an item. */
export function shuffle<T>(random: Random, items: T[]): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = below(random, i + 1);
    const other = items[j] as T;
    items[j] = items[i] as T;
    items[i] = other;
  }
}
