/** Longer waits than this many doublings are the longest one. */
const MAX_DOUBLINGS = 40;

/** The waits between tries of one thing: twice as long after each failure, up to a bound. */
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
    const waitMs = this.#firstMs * 2 ** Math.min(this.#failures, MAX_DOUBLINGS);
    this.#failures += 1;
    return Math.min(waitMs, this.#maxMs);
  }

  /** Counts a success: the next failure waits as the first one did. */
  succeed(): void {
    this.#failures = 0;
  }
}
