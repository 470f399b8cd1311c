import type { Dictionary, EntryColumns } from "@tributary/protocol";
import type { Watermarks } from "../watermarks.ts";

/** Counts of a batch's events, of one tenant. accepted = duplicate + processed + what bounds dropped. */
export interface TenantCounts {
  accepted: number;
  duplicate: number;
  processed: number;
  /** Conversions and refunds beyond the bound on those of a user; likewise the four others. */
  droppedConversionsPerUser: number;
  droppedTouchpointsPerUser: number;
  droppedDirectVisitsPerUser: number;
  droppedCustomPerUser: number;
  droppedIdentifiesPerUser: number;
  droppedFactsPerPartition: number;
  /** Of the processed: beyond the allowed lateness, so that the results which they change may lack touchpoints. */
  late: number;
  /** Of the processed, also of earlier batches and other partitions: refunds whose order had no conversion when its home took them. */
  unmatchedRefunds: number;
  /** Of the processed, also of earlier batches: conversions whose order another one counts for. */
  duplicateOrders: number;
  /** Events of users that the partition has no more room for. */
  droppedUsersPerPartition: number;
  /** Of the processed, mostly of earlier batches: facts of erased people that the partition still held. */
  erased: number;
  /** Latest time of a processed event, ms since 1970; 0 where there is none. */
  latestTimeMs: number;
  /** Largest min(event time, arrival) of a processed event, ms since 1970: the tenant's watermark rises to it. */
  watermarkMs: number;
  /**
   * Records of identity and copies of other partitions' facts: they are no events and in no book, but the log holds them as
   * long as facts of their time.
   */
  kept: number;
  /** Latest time of them, ms since 1970; 0 where there are none. */
  keptTimeMs: number;
  /** Of them: records of orders. Mostly they are of users whose facts lie in other partitions. */
  keptOrders: number;
  /** Largest min(time, arrival) of those, ms since 1970; 0 where there are none. */
  ordersMs: number;
}

/** By kind of fact. */
const DROPPED_PER_USER = [
  "droppedConversionsPerUser",
  "droppedTouchpointsPerUser",
  "droppedDirectVisitsPerUser",
  "droppedCustomPerUser",
  "droppedIdentifiesPerUser",
] as const satisfies readonly (keyof TenantCounts)[];

/** Counts a batch's events per tenant, for the books. */
export class BatchCounts {
  readonly #byTenant = new Map<number, TenantCounts>();
  readonly #watermarks: Watermarks;
  #tenant = -1;
  #current: TenantCounts = empty();
  #lateBeforeMs = 0;

  /** @param watermarks as they are before the batch: lateness does not depend on the order within it */
  constructor(watermarks: Watermarks) {
    this.#watermarks = watermarks;
  }

  /** All events of an entry. */
  accepted({ tenants, count }: EntryColumns): void {
    for (let i = 0; i < count; i += 1) {
      if (tenants[i] !== this.#tenant) this.#select(tenants[i] as number);
      this.#current.accepted += 1;
    }
  }

  duplicate(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.duplicate += 1;
  }

  /** @param concernsMs time of the oldest event that it concerns: a refund's conversion, or its own */
  processed(tenant: number, timeMs: number, concernsMs: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.processed += 1;
    if (concernsMs < this.#lateBeforeMs) this.#current.late += 1;
    if (timeMs > this.#current.latestTimeMs) this.#current.latestTimeMs = timeMs;
  }

  /** A row that is no event. */
  kept(tenant: number, timeMs: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.kept += 1;
    if (timeMs > this.#current.keptTimeMs) this.#current.keptTimeMs = timeMs;
  }

  /** A record of an order. */
  keptOrder(tenant: number, timeMs: number): void {
    this.kept(tenant, timeMs);
    this.#current.keptOrders += 1;
    if (timeMs > this.#current.ordersMs) this.#current.ordersMs = timeMs;
  }

  unmatchedRefund(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.unmatchedRefunds += 1;
  }

  duplicateOrders(tenant: number, conversions: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.duplicateOrders += conversions;
  }

  erased(tenant: number, facts: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.erased += facts;
  }

  /** @param kind of the fact, see UserBounds */
  droppedPerUser(tenant: number, kind: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current[DROPPED_PER_USER[kind] as (typeof DROPPED_PER_USER)[number]] += 1;
  }

  droppedPerPartition(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.droppedFactsPerPartition += 1;
  }

  droppedUser(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.droppedUsersPerPartition += 1;
  }

  /**
   * Raises the watermarks to the batch's latest events, once all are counted.
   * @param arrivedMs when the batch's last entry arrived, ms since 1970
   */
  raiseWatermarks(arrivedMs: number): void {
    for (const [tenant, counts] of this.#byTenant) {
      counts.watermarkMs = Math.min(counts.latestTimeMs, arrivedMs);
      counts.ordersMs = Math.min(counts.ordersMs, arrivedMs);
      this.#watermarks.raise(tenant, counts.watermarkMs);
    }
  }

  /** The counts by the tenants' names. */
  byTenant(tenants: Dictionary): Record<string, TenantCounts> {
    return Object.fromEntries(
      [...this.#byTenant].map(([code, counts]) => [tenants.text(code), counts]),
    );
  }

  #select(tenant: number): void {
    let counts = this.#byTenant.get(tenant);
    if (counts === undefined) {
      counts = empty();
      this.#byTenant.set(tenant, counts);
    }
    this.#tenant = tenant;
    this.#current = counts;
    this.#lateBeforeMs = this.#watermarks.lateBeforeMs(tenant);
  }
}

function empty(): TenantCounts {
  return {
    accepted: 0,
    duplicate: 0,
    processed: 0,
    droppedConversionsPerUser: 0,
    droppedTouchpointsPerUser: 0,
    droppedDirectVisitsPerUser: 0,
    droppedCustomPerUser: 0,
    droppedIdentifiesPerUser: 0,
    droppedFactsPerPartition: 0,
    late: 0,
    unmatchedRefunds: 0,
    duplicateOrders: 0,
    droppedUsersPerPartition: 0,
    erased: 0,
    latestTimeMs: 0,
    watermarkMs: 0,
    kept: 0,
    keptTimeMs: 0,
    keptOrders: 0,
    ordersMs: 0,
  };
}
