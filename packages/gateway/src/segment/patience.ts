/** Most that a Segment client waits at once, s: more it takes for this. */
const MOST_SECONDS = 300;
/** Answers this long after the last refusal mean that it is over, ms. */
const CALM_MS = 5000;

/**
 * How long to send Segment's clients away. They wait as long as a 429 says, but only 10 (browser) or 30 times (Node) for
 * the same events, so a second each time would be patience for 10 seconds. Told to wait for as long as it has lasted,
 * they come back at most twice as late as they could, and last for a quarter of an hour and for two hours.
 */
export class Patience {
  #sinceMs = 0;
  #refusedAtMs = -Infinity;
  /** Until when a refusal belongs to the same trouble. */
  #untilMs = -Infinity;

  /** A request is refused. @param nowMs monotonic @param least seconds @returns whole seconds to wait */
  refuse(nowMs: number, least: number): number {
    if (nowMs > this.#untilMs) this.#sinceMs = nowMs;
    const lasted = Math.ceil((nowMs - this.#sinceMs) / 1000);
    const seconds = Math.min(MOST_SECONDS, Math.max(1, least, lasted));
    this.#refusedAtMs = nowMs;
    this.#untilMs = nowMs + 2 * seconds * 1000 + CALM_MS;
    return seconds;
  }

  /** A request was taken. While one node of a cluster is unavailable, other requests are refused meanwhile. */
  take(nowMs: number): void {
    if (nowMs - this.#refusedAtMs > CALM_MS) this.#untilMs = -Infinity;
  }
}
