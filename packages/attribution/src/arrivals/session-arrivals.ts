import { SessionKeys } from "./session-keys.ts";

/** How long a session lasts behind its last click or visit, ms, inclusive; or that every visit is an arrival. */
export type SessionGap = number | "every_visit";

/** As Google Analytics and Matomo have it. */
export const DEFAULT_SESSION_GAP_MS = 30 * 60_000;

/**
 * Finds the arrivals among a person's clicks and visits, which come in path order: docs/models.md, "Arrivals". Takes numbers, of
 * which the caller makes those of signatures and those of referrers' hosts different ones.
 */
export class SessionArrivals {
  readonly #keys = new SessionKeys();
  #gapMs = 0;
  #lastMs = -Infinity;
  /** Of the session; −1 before its first click or visit. */
  #latestArrival = -1;

  /** Begins a path. @param gapMs of sessions, inclusive */
  begin(gapMs: number): void {
    this.#gapMs = gapMs;
    this.#lastMs = -Infinity;
  }

  /**
   * Takes the next click or visit.
   * @param touch its place on the path @param timeMs no smaller than the one before
   * @param isDirect whether its channel is direct @param byReferrer whether nothing but the referrer tells its origin
   * @param signature its number @param referrerHost its number; 0 where it has none
   * @param linkClick place of the click that it stands for, or of the first visit that does; −1 for none
   * @returns place of the arrival that it goes on with: its own where it is one
   */
  take(
    touch: number,
    timeMs: number,
    isClick: boolean,
    isDirect: boolean,
    byReferrer: boolean,
    signature: number,
    referrerHost: number,
    linkClick: number,
  ): number {
    if (timeMs - this.#lastMs > this.#gapMs) {
      this.#keys.begin();
      this.#latestArrival = -1;
    }
    this.#lastMs = timeMs;
    let arrival = touch;
    if (linkClick >= 0) {
      arrival = linkClick;
      this.#latestArrival = arrival;
    } else if (isClick || this.#latestArrival < 0) {
      this.#latestArrival = touch;
    } else if (isDirect) {
      arrival = this.#latestArrival;
    } else {
      const found = this.#keys.find(byReferrer ? referrerHost : signature);
      if (found < 0) this.#latestArrival = touch;
      else arrival = found;
    }
    if (!isDirect) {
      this.#keys.set(signature, arrival);
      if (referrerHost !== 0) this.#keys.set(referrerHost, arrival);
    }
    return arrival;
  }
}
