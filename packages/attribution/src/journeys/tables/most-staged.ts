/**
 * Most events that are looked up at once: where the cache is missed the processor waits for all of them together, and
 * the words that they touch still fit the first cache.
 */
export const MOST_STAGED = 64;
