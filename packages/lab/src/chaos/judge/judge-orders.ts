import { ordersOf, type PlainEvent, type PlainRules, senderOf } from "@tributary/oracle";
import type { LastResult } from "./last-results.ts";

type Count = (what: "lost" | "duplicated" | "unexplained", count: number, words: string) => void;

/**
 * Of an order's conversions of one name exactly one counts. Which of them reached the order's home first nobody outside knows: any may
 * be it.
 * @param events of a tenant that have to count @param booked conversions that repeat an order, by the books
 * @returns the conversions that do not count, as the oracle names them
 */
export function judgeOrders(
  events: readonly PlainEvent[],
  rules: PlainRules,
  last: readonly LastResult[],
  booked: number,
  count: Count,
): Set<string> {
  const repeated = new Set(
    last
      .filter(({ reason }) => reason === "duplicate_order")
      .map(({ sent_anonymous: anonymous, sent_user_key: key, conversion_id: id }) => {
        return `${anonymous ? "a" : "u"}:${key}/${id}`;
      }),
  );
  for (const order of ordersOf(events, rules)) {
    const counted = order.filter((conversion) => !repeated.has(senderOf(conversion))).length;
    const words = `of order ${order[0]?.orderId} ${counted} conversions of ${order.length} count`;
    if (counted > 1) count("duplicated", counted - 1, words);
    else if (counted < 1) count("lost", 1, words);
  }
  if (booked < repeated.size) {
    const words = `${repeated.size} conversions repeat an order, the books say ${booked}`;
    count("unexplained", repeated.size - booked, words);
  }
  return repeated;
}
