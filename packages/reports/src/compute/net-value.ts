import type { FactColumns } from "./fact-columns.ts";

/**
 * A conversion's value less its order's refunds, in units of 10^-12, never below 0, as the workers compute it. A refund without
 * a value takes all of it; one in another currency takes nothing.
 */
export function netValue(facts: FactColumns, user: number, purchase: number): bigint {
  const { purchaseStarts, purchases } = facts;
  const { isRefund, hasAmount, amounts, currencies, orderId } = purchases;
  let left = hasAmount[purchase] === 1 ? (amounts[purchase] ?? 0n) : 0n;
  let order: string | undefined;
  const end = purchaseStarts[user + 1] as number;
  for (let p = purchaseStarts[user] as number; p < end; p += 1) {
    if (isRefund[p] === 0) continue;
    order ??= orderId(purchase);
    if (order === "") break;
    if (orderId(p) !== order) continue;
    if (hasAmount[p] === 0) left = 0n;
    else if (currencies.codes[p] === currencies.codes[purchase]) left -= amounts[p] ?? 0n;
  }
  return left > 0n ? left : 0n;
}
