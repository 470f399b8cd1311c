/**
 * The value below which a share of the values lies: the one at index `⌊length · share⌋`, at most the last.
 * @param sorted ascending, not empty @param share from 0 to 1
 */
export function percentileOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}
