/** A partition's bound for conversions, refunds and identity, which are the last to go: an eighth more than for all else. */
export function withReserve(most: number): number {
  return most + Math.ceil(most / 8);
}
