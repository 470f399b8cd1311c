import { GatewayError } from "../errors.ts";

/** Seconds of the quota that may be used at once. */
const BURST_SECONDS = 2;

/** A token bucket a tenant: what is over the quota is told to come later, not dropped. */
export class Quota {
  readonly #perSecond: (tenant: string) => number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  /** @param perSecond events a second of a tenant; 0 for no quota */
  constructor(perSecond: (tenant: string) => number) {
    this.#perSecond = perSecond;
  }

  /** @param now monotonic clock, ms @throws GatewayError `rate_limited` with the seconds until there is room */
  check(tenant: string, now: number): void {
    const perSecond = this.#perSecond(tenant);
    if (perSecond === 0) return;
    const bucket = this.#bucket(tenant, perSecond, now);
    if (bucket.tokens > 0) return;
    const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
    throw new GatewayError(
      "rate_limited",
      `over the quota of ${perSecond} events a second`,
      seconds,
    );
  }

  /** Counts events that were taken. The bucket may go below zero: a batch is not cut in two. */
  charge(tenant: string, events: number, now: number): void {
    const perSecond = this.#perSecond(tenant);
    if (perSecond > 0) this.#bucket(tenant, perSecond, now).tokens -= events;
  }

  // Tenants are those of the configured keys, so the map is bounded.
  #bucket(tenant: string, perSecond: number, now: number): { tokens: number; atMs: number } {
    const most = perSecond * BURST_SECONDS;
    const bucket = this.#buckets.get(tenant) ?? { tokens: most, atMs: now };
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = now;
    this.#buckets.set(tenant, bucket);
    return bucket;
  }
}
