import { backoffMs } from "@tributary/service";

/** The pace of requests to a tenant's receiver. */
export interface Pacing {
  /** Requests at a time. */
  readonly maxInFlight: number;
  /** Wait after the first failure, ms. */
  readonly firstBackoffMs: number;
  /** Longest wait, ms. */
  readonly maxBackoffMs: number;
}

/** Longest `Retry-After` that is honoured, ms. */
const MAX_RETRY_AFTER_MS = 86_400_000;
/** Failures in a row that are taken for the receiver's fault, not the deliveries'. */
const FAILURES_TO_REST = 5;
/** Longest wait between two attempts at a failing receiver, however long its deliveries wait, ms. */
const MAX_REST_MS = 60_000;

/**
 * How long a delivery waits for its next attempt: twice as long after each failure, up to a bound, less a random part of the second
 * half, so that deliveries which failed together do not come back together.
 * @param attempts made so far, from 1 @param random from 0 to 1 @param retryAfterMs what the receiver asked for
 */
export function retryDelayMs(
  attempts: number,
  { firstBackoffMs, maxBackoffMs }: Pacing,
  random: number,
  retryAfterMs = 0,
): number {
  const whole = backoffMs(attempts, firstBackoffMs, maxBackoffMs);
  return Math.max(retryAfterMs, Math.round(whole * (0.5 + random / 2)));
}

/**
 * A `Retry-After` header (RFC 9110, 10.2.3): seconds, or a date.
 * @param now ms since 1970 @returns ms from 0 to a day; 0 for what cannot be read
 */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const text = header.trim();
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}

/**
 * Spares a failing receiver: after some failures in a row, or a `Retry-After`, nothing is sent for a while, then one delivery at a time
 * until one succeeds. The other deliveries wait without using up their attempts.
 */
export class ReceiverPace {
  readonly #pacing: Pacing;
  readonly #random: () => number;
  #failures = 0;
  #restUntilMs = -Infinity;

  /** @param random from 0 to 1 */
  constructor(pacing: Pacing, random: () => number) {
    this.#pacing = pacing;
    this.#random = random;
  }

  /** Requests that may be begun. @param now a clock, ms @param inFlight those under way */
  room(now: number, inFlight: number): number {
    if (now < this.#restUntilMs) return 0;
    const most = this.#failures >= FAILURES_TO_REST ? 1 : this.#pacing.maxInFlight;
    return Math.max(0, most - inFlight);
  }

  /** When it may be asked again, by the clock of {@link room}; in the past where it may. */
  get restUntilMs(): number {
    return this.#restUntilMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#restUntilMs = -Infinity;
  }

  /** @param now a clock, ms @param retryAfterMs what the receiver asked for; 0 for nothing */
  failed(now: number, retryAfterMs: number): void {
    this.#failures += 1;
    const maxBackoffMs = Math.min(this.#pacing.maxBackoffMs, MAX_REST_MS);
    const pacing = { ...this.#pacing, maxBackoffMs };
    const inRow = this.#failures - FAILURES_TO_REST + 1;
    const restMs = inRow < 1 ? 0 : retryDelayMs(inRow, pacing, this.#random());
    this.#restUntilMs = Math.max(this.#restUntilMs, now + Math.max(restMs, retryAfterMs));
  }
}
