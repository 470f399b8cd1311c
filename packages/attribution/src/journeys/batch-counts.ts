import type { Dictionary } from "@tributary/protocol";

/** Per tenant: what became of a batch's events. accepted = duplicate + processed + the two drops. */
export interface TenantCounts {
  accepted: number;
  duplicate: number;
  processed: number;
  droppedFactsPerUser: number;
  droppedFactsPerPartition: number;
  /** Latest time of a processed event, ms since 1970; 0 where there is none. */
  latestTimeMs: number;
}

/** Counts a batch's events per tenant: what the commit adds to the books. */
export class BatchCounts {
  readonly #byTenant = new Map<number, TenantCounts>();
  #tenant = -1;
  #current: TenantCounts = empty();

  accepted(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.accepted += 1;
  }

  duplicate(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.duplicate += 1;
  }

  processed(tenant: number, timeMs: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.processed += 1;
    if (timeMs > this.#current.latestTimeMs) this.#current.latestTimeMs = timeMs;
  }

  droppedPerUser(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.droppedFactsPerUser += 1;
  }

  droppedPerPartition(tenant: number): void {
    if (tenant !== this.#tenant) this.#select(tenant);
    this.#current.droppedFactsPerPartition += 1;
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
  }
}

function empty(): TenantCounts {
  return {
    accepted: 0,
    duplicate: 0,
    processed: 0,
    droppedFactsPerUser: 0,
    droppedFactsPerPartition: 0,
    latestTimeMs: 0,
  };
}
