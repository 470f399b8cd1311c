/** The time of a user's newest fact as a record holds it: units of 1,024 ms in a word, and six bits of another make it finer. */
const FINE_SHIFT = 10;
export const FINE_MASK = 0xfc00;
const LATEST_UNIT_MS = 1024;
const LATEST_MOST = 0xffffffff;
/** Events of a user are often less than a second apart, but not often less than this: 64 to a unit, 16 ms. */
const FINE_UNIT_SHIFT = 4;

/** A time in units of 1,024 ms. */
export function latestOf(time: number): number {
  return Math.min(Math.floor(time / LATEST_UNIT_MS), LATEST_MOST);
}

/** The rest of a time beyond `latest`, in the bits of FINE_MASK; 0 where `latest` is the largest, and the rest unknown. */
export function fineOf(time: number, latest: number): number {
  if (latest === LATEST_MOST) return 0;
  return ((time - latest * LATEST_UNIT_MS) >>> FINE_UNIT_SHIFT) << FINE_SHIFT;
}
