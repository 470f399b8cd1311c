import type { PlainEvent } from "./oracle.ts";
import { seededRandom } from "./random.ts";

const DAY_MS = 86_400_000;

/**
 * A seeded workload: users with touchpoints over six weeks, conversions, refunds and events that are neither; each event
 * once, in an order of arrival that has little to do with time, so that many touchpoints come late.
 * @param now the latest event time, ms since 1970
 */
export function generateWorkload(seed: number, count: number, now: number): PlainEvent[] {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const users = Math.ceil(count / 12);
  const events: PlainEvent[] = [];
  const orders: { userId: string; orderId: string; time: number }[] = [];
  for (let i = 0; i < count; i += 1) {
    const userId = `user-${Math.floor(random() * users)}`;
    const time = now - Math.floor(random() * 42 * DAY_MS);
    const id = `${seed}-${i}`;
    const kind = random();
    if (kind < 0.12) {
      const orderId = `order-${id}`;
      orders.push({ userId, orderId, time });
      events.push({
        id,
        type: "conversion",
        time,
        userId,
        orderId,
        value: (random() * 500).toFixed(2),
        currency: "EUR",
      });
    } else if (kind < 0.14 && orders.length > 0) {
      const order = pick(orders);
      const whole = random() < 0.5;
      const money = whole ? {} : { value: (random() * 100).toFixed(2), currency: "EUR" };
      events.push({
        id,
        type: "refund",
        time: Math.min(now, order.time + 1000),
        userId: order.userId,
        orderId: order.orderId,
        ...money,
      });
    } else {
      const type = pick(["click", "click", "visit", "impression", "custom"] as const);
      events.push({
        id,
        type,
        time,
        userId,
        channel: pick(["email", "direct", "paid_search", "display"]),
      });
    }
  }
  return events;
}
