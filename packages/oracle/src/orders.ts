import type { PlainEvent, PlainRules } from "./results.ts";

type OrderRules = Partial<PlainRules>;

/** Names an event by the user key that it was sent under: `u:` or `a:`, the key, a slash and the event ID. */
export function senderOf({ id, userId, anonymousId = "" }: PlainEvent): string {
  return `${userId === undefined ? `a:${anonymousId}` : `u:${userId}`}/${id}`;
}

/** The conversions of each order of one name, of which one counts. */
export function ordersOf(
  events: readonly PlainEvent[],
  { reusedOrderIds }: OrderRules,
): readonly (readonly PlainEvent[])[] {
  if (reusedOrderIds === true) return [];
  const known = events.filter(
    ({ type, orderId }) => type === "conversion" && orderId !== undefined,
  );
  const orders = Map.groupBy(known, ({ orderId, name = "" }) => JSON.stringify([orderId, name]));
  return [...orders.values()];
}

/**
 * The conversions that repeat an order: of those of one order ID and name the first to arrive counts.
 * @param events in the order in which they arrived @returns their names, see {@link senderOf}
 */
export function duplicateOrdersOf(events: readonly PlainEvent[], rules: OrderRules): Set<string> {
  const duplicates = new Set<string>();
  for (const [first, ...later] of ordersOf(events, rules)) {
    const winner = first === undefined ? "" : senderOf(first);
    for (const other of later) if (senderOf(other) !== winner) duplicates.add(senderOf(other));
  }
  return duplicates;
}
