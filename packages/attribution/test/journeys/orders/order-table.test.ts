import { Buffer } from "node:buffer";
import { expect, it } from "vitest";
import { GoalTable } from "../../../src/journeys/orders/goal-table.ts";
import { OrderTable } from "../../../src/journeys/orders/order-table.ts";
import { RefundTable } from "../../../src/journeys/orders/refund-table.ts";

const ORDERS = 20_000;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

it("finds every order of every tenant again, and of each its goals and refunds", () => {
  const orders = new OrderTable(98_765_432_101);
  const goals = new GoalTable(orders);
  const refunds = new RefundTable(orders);
  for (let i = 0; i < ORDERS; i += 1) {
    const id = bytes(`order-${i >> 1}`);
    const tenant = 1 + (i & 1);
    expect(orders.find(tenant, id, 0, id.length, false)).toBe(-1);
    const order = orders.add(tenant, id, 0, id.length, false);
    expect(order).toBe(i);
    for (const name of i % 3 === 0 ? ["purchase", ""] : ["purchase"]) {
      const goal = goals.add(order, bytes(name), 0, name.length);
      goals.setWinner(goal, { low: i, high: name.length });
      goals.setFirstPurchase(goal, i * 2);
    }
    if (i % 5 === 0) {
      refunds.add(order, bytes(`r${i}`), false, bytes("12.50"), bytes("EUR"), i * 1000);
      refunds.add(order, bytes(`s${i}`), false, bytes(""), bytes(""), i * 1000);
    }
  }
  for (let i = 0; i < ORDERS; i += 1) {
    const id = bytes(`order-${i >> 1}`);
    const order = orders.find(1 + (i & 1), id, 0, id.length, false);
    expect(order).toBe(i);
    expect(orders.find(3, id, 0, id.length, false)).toBe(-1);
    const goal = goals.find(order, bytes("purchase"), 0, 8);
    expect(goals.isWonBy(goal, { low: i, high: 8 })).toBe(true);
    expect([goals.orderOf(goal), goals.firstPurchase(goal)]).toEqual([i, i * 2]);
    expect(goals.find(order, bytes(""), 0, 0) >= 0).toBe(i % 3 === 0);
    const refund = refunds.find(order, bytes(`r${i}`), false);
    expect(refund >= 0).toBe(i % 5 === 0);
    if (refund < 0) continue;
    expect(Buffer.from(refunds.valueOf(refund)).toString()).toBe("12.50");
    expect(Buffer.from(refunds.currencyOf(refund)).toString()).toBe("EUR");
    expect(refunds.timeOf(refund) - i * 1000).toBeLessThanOrEqual(1024);
    expect(refunds.valueOf(refunds.find(order, bytes(`s${i}`), false))).toHaveLength(0);
    expect(refunds.find(order, bytes(`r${i}`), true)).toBe(-1);
  }
  expect(orders.byteLength).toBeGreaterThan(ORDERS * 32);
});

it("tells a UUID from a text of its bytes, and notes the partitions that hold an order's conversions once each", () => {
  const orders = new OrderTable(7);
  const id = bytes("0123456789abcdef");
  const order = orders.add(1, id, 0, id.length, true);
  expect(orders.find(1, id, 0, id.length, false)).toBe(-1);
  expect([5, 2, 5, 2, 9].map((partition) => orders.addHolder(order, partition))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
  expect(orders.holdersOf(order)).toEqual([5, 2, 9]);
});
