/** How far event time has come in a partition, tenant by tenant: the largest event time of a tenant's facts. */
export class Watermarks {
  readonly #latenessMs: number;
  readonly #times = new Map<number, number>();

  /** @param latenessMs how far behind the watermark an event may come and still find all that it concerns, ms */
  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  /** An event of the tenant with this time is held, ms since 1970. */
  raise(tenant: number, timeMs: number): void {
    if (timeMs > (this.#times.get(tenant) ?? 0)) this.#times.set(tenant, timeMs);
  }

  /** What is older came later than is allowed for, ms since 1970; 0 while the tenant has no facts. */
  lateBeforeMs(tenant: number): number {
    return Math.max(0, (this.#times.get(tenant) ?? 0) - this.#latenessMs);
  }
}
