/** How long to wait before another try. */

const FIRST_MS = 100;
const MAX_MS = 5000;
/** Longest wait that a server may ask for, ms. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Doubles from 100 ms to 5 s; half of it is left to chance, so that senders do not come back together. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(FIRST_MS * 2 ** Math.min(attempt, 20), MAX_MS);
  return whole / 2 + (whole / 2) * random;
}

/** The server's Retry-After (whole seconds, or a date) as ms from `now`; undefined where there is none, or none that is valid. */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
