import type { TenantCounts } from "@tributary/attribution";
import { entryTimeMs, type Retention } from "@tributary/streams";

interface KeptBlock {
  readonly id: string;
  readonly facts: number;
  /** Latest event time, by tenant. */
  readonly latest: ReadonlyMap<string, number>;
  /** Tenants of which the block has nothing but records of orders. */
  readonly ordersOnly: ReadonlySet<string>;
}

/** Facts trimmed that make it worth rebuilding the memory without them. */
const REBUILD_FACTS = 100_000;

/**
 * Which blocks of a partition's fact log can still matter. A block no longer does when each of its tenants' facts is older
 * than that tenant's watermark (the largest min(event time, arrival)) less the horizon, and the block itself has been in the log for
 * the time that every fact is kept. Blocks are only ever trimmed from the front.
 *
 * An order's home may have no fact of the tenant, whose watermark would never rise there. So records of orders that are alone in a
 * block go by the times of the tenant's later ones as well.
 */
export class FactRetention {
  readonly #horizonMs: number;
  readonly #keptMs: number;
  readonly #watermarks = new Map<string, number>();
  /** The same of records of orders. */
  readonly #orders = new Map<string, number>();
  #blocks: KeptBlock[] = [];
  #first = 0;
  #live = 0;
  #trimmed = 0;

  constructor(horizonMs: number, keptMs: number) {
    this.#horizonMs = horizonMs;
    this.#keptMs = keptMs;
  }

  /** A block is in the log. */
  add(id: string, counts: Readonly<Record<string, TenantCounts>>): void {
    const latest = new Map<string, number>();
    const ordersOnly = new Set<string>();
    let facts = 0;
    for (const [tenant, tenantCounts] of Object.entries(counts)) {
      const { processed, kept, latestTimeMs, keptTimeMs, watermarkMs } = tenantCounts;
      const { keptOrders, ordersMs } = tenantCounts;
      if (processed + kept === 0) continue;
      facts += processed + kept;
      latest.set(tenant, Math.max(latestTimeMs, keptTimeMs));
      this.#watermarks.set(tenant, Math.max(watermarkMs, this.#watermarks.get(tenant) ?? 0));
      if (keptOrders === 0) continue;
      this.#orders.set(tenant, Math.max(ordersMs, this.#orders.get(tenant) ?? 0));
      if (processed === 0 && kept === keptOrders) ordersOnly.add(tenant);
    }
    this.#blocks.push({ id, facts, latest, ordersOnly });
    this.#live += facts;
  }

  /**
   * @param now the clock, ms since 1970
   * @param scarce whether memory is: a rebuild that frees a tenth is worth its time then
   */
  decide(now: number, scarce = false): Retention {
    let block = this.#blocks[this.#first];
    while (
      block !== undefined &&
      this.#first < this.#blocks.length - 1 &&
      this.#isOver(block, now)
    ) {
      this.#live -= block.facts;
      this.#trimmed += block.facts;
      this.#first += 1;
      block = this.#blocks[this.#first];
    }
    if (this.#first > 1000 && this.#first * 2 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#first);
      this.#first = 0;
    }
    return {
      factsFrom: this.#blocks[this.#first]?.id,
      rebuild: scarce
        ? this.#trimmed * 10 > this.#live
        : this.#trimmed > REBUILD_FACTS && this.#trimmed > this.#live,
    };
  }

  #isOver({ id, latest, ordersOnly }: KeptBlock, now: number): boolean {
    if (now - entryTimeMs(id) < this.#keptMs) return false;
    for (const [tenant, time] of latest) {
      const orders = ordersOnly.has(tenant) ? (this.#orders.get(tenant) ?? 0) : 0;
      const watermark = Math.max(orders, this.#watermarks.get(tenant) ?? 0);
      if (time >= watermark - this.#horizonMs) return false;
    }
    return true;
  }
}
