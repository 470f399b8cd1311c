/**
 * The watermark of each tenant in a partition: the largest min(event time, arrival) of the tenant's facts. Without the
 * arrival one sender's fast clock would make the whole tenant late.
 */
export class Watermarks {
  readonly #latenessMs: number;
  readonly #times = new Map<number, number>();

  /** @param latenessMs event time behind the watermark within which an event still finds all facts that it concerns, ms */
  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  /** Raises the tenant's watermark to a time, ms since 1970. */
  raise(tenant: number, timeMs: number): void {
    if (timeMs > (this.#times.get(tenant) ?? 0)) this.#times.set(tenant, timeMs);
  }

  /** Event time before which an event is late, ms since 1970; 0 while the tenant has no facts. */
  lateBeforeMs(tenant: number): number {
    return Math.max(0, (this.#times.get(tenant) ?? 0) - this.#latenessMs);
  }
}
