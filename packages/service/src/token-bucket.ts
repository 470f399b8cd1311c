/** A rate that may be saved up and used at once: tokens come in at so many a second, up to a capacity. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAtMs: number;

  /**
   * The bucket begins full.
   * @param perSecond tokens that come in
   * @param capacity most tokens that are saved up
   * @param nowMs as for {@link tokens}
   */
  constructor(perSecond: number, capacity: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAtMs = nowMs;
  }

  /** Tokens that are there; below zero where more was taken. @param nowMs by a clock that never runs back */
  tokens(nowMs: number): number {
    const earned = (nowMs - this.#filledAtMs) * this.#perMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAtMs = nowMs;
    return this.#tokens;
  }

  /** Takes a token where a whole one is there. @returns whether it did */
  takeOne(nowMs: number): boolean {
    if (this.tokens(nowMs) < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes tokens, whether they are there or not; a number below zero gives them back. */
  take(count: number, nowMs: number): void {
    this.#tokens = Math.min(this.#capacity, this.tokens(nowMs) - count);
  }
}
