/** Longer waits than this many doublings are the longest one. */
const MAX_DOUBLINGS = 40;

/**
 * The wait before the next try: twice as long after each failure, up to a bound.
 * @param failures in a row, from 1 @param firstMs wait after the first failure @param maxMs longest wait @returns ms
 */
export function backoffMs(failures: number, firstMs: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS), maxMs);
}

/** Counts the failures of one loop, and gives its waits as {@link backoffMs} has them. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  /** @param firstMs wait after the first failure @param maxMs longest wait */
  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure. @returns how long to wait before the next try, ms */
  fail(): number {
    this.#failures += 1;
    return backoffMs(this.#failures, this.#firstMs, this.#maxMs);
  }

  /** Counts a success: the next failure waits as the first one did. */
  succeed(): void {
    this.#failures = 0;
  }
}
