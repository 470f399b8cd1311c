import type { FactColumns } from "./fact-columns.ts";

/** What refunds take off orders, as the workers compute it: docs/models.md. */
export class NetValues {
  readonly #facts: FactColumns;
  /** Refunds by order, each event ID once; undefined where an order's refunds are those in the same journey. */
  readonly #byOrder: ReadonlyMap<string, readonly number[]> | undefined;

  /** @param reusedOrderIds whether different orders have the same ID */
  constructor(facts: FactColumns, reusedOrderIds: boolean) {
    this.#facts = facts;
    this.#byOrder = reusedOrderIds ? undefined : refundsByOrder(facts);
  }

  /**
   * A conversion's value less its order's refunds, in units of 10^-12, never below 0. A refund without a value takes all of it; one in
   * another currency takes nothing.
   */
  of(user: number, purchase: number): bigint {
    const { isRefund, hasAmount, amounts, orderId } = this.#facts.purchases;
    let left = hasAmount[purchase] === 1 ? (amounts[purchase] ?? 0n) : 0n;
    if (this.#byOrder?.size === 0) return left;
    const order = orderId(purchase);
    if (order === "") return left;
    if (this.#byOrder !== undefined) {
      for (const refund of this.#byOrder.get(order) ?? [])
        left -= this.#part(refund, purchase, left);
      return left > 0n ? left : 0n;
    }
    const { purchaseStarts } = this.#facts;
    const end = purchaseStarts[user + 1] as number;
    for (let p = purchaseStarts[user] as number; p < end; p += 1) {
      if (isRefund[p] === 1 && orderId(p) === order) left -= this.#part(p, purchase, left);
    }
    return left > 0n ? left : 0n;
  }

  /** What a refund takes off what is left of a conversion's value. */
  #part(refund: number, purchase: number, left: bigint): bigint {
    const { hasAmount, amounts, currencies } = this.#facts.purchases;
    if (hasAmount[refund] === 0) return left > 0n ? left : 0n;
    return currencies.codes[refund] === currencies.codes[purchase] ? (amounts[refund] ?? 0n) : 0n;
  }
}

function refundsByOrder({ purchases }: FactColumns): ReadonlyMap<string, readonly number[]> {
  const { isRefund, orderId, eventId } = purchases;
  const byOrder = new Map<string, number[]>();
  const known = new Set<string>();
  for (let p = 0; p < isRefund.length; p += 1) {
    if (isRefund[p] === 0) continue;
    const order = orderId(p);
    const name = JSON.stringify([order, eventId(p)]);
    if (order === "" || known.has(name)) continue;
    known.add(name);
    const refunds = byOrder.get(order);
    if (refunds === undefined) byOrder.set(order, [p]);
    else refunds.push(p);
  }
  return byOrder;
}
