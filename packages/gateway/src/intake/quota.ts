import { TokenBucket } from "@tributary/service";
import { GatewayError } from "../errors.ts";

/** Seconds of the quota that may be used at once. */
const BURST_SECONDS = 2;

interface TenantQuota {
  readonly perSecond: number;
  readonly bucket: TokenBucket;
}

/** A token bucket a tenant: what is over the quota is to come later, and is not dropped. */
export class Quota {
  readonly #perSecond: (tenant: string) => number;
  /** Tenants are those of the configured keys, so the map is bounded. */
  readonly #quotas = new Map<string, TenantQuota>();

  /** @param perSecond events a second of a tenant; 0 for no quota */
  constructor(perSecond: (tenant: string) => number) {
    this.#perSecond = perSecond;
  }

  /** @param nowMs monotonic clock @throws GatewayError `rate_limited` with the seconds until there is room */
  check(tenant: string, nowMs: number): void {
    const quota = this.#of(tenant, nowMs);
    if (quota === undefined) return;
    const { perSecond, bucket } = quota;
    const tokens = bucket.tokens(nowMs);
    if (tokens > 0) return;
    const seconds = Math.max(1, Math.ceil((1 - tokens) / perSecond));
    throw new GatewayError(
      "rate_limited",
      `over the quota of ${perSecond} events a second`,
      seconds,
    );
  }

  /**
   * Counts events that are being taken, so that requests which come meanwhile see them. The bucket may go below zero: a batch is
   * not cut in two.
   */
  charge(tenant: string, events: number, nowMs: number): void {
    this.#of(tenant, nowMs)?.bucket.take(events, nowMs);
  }

  /** Gives back what {@link charge} took for events that were not taken after all. */
  refund(tenant: string, events: number, nowMs: number): void {
    this.charge(tenant, -events, nowMs);
  }

  #of(tenant: string, nowMs: number): TenantQuota | undefined {
    const known = this.#quotas.get(tenant);
    if (known !== undefined) return known;
    const perSecond = this.#perSecond(tenant);
    if (perSecond === 0) return undefined;
    const quota = {
      perSecond,
      bucket: new TokenBucket(perSecond, perSecond * BURST_SECONDS, nowMs),
    };
    this.#quotas.set(tenant, quota);
    return quota;
  }
}
