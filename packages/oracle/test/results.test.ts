import { expect, test } from "vitest";
import { DEFAULT_RULES, expectedResults, type PlainEvent } from "../src/index.ts";

const DAY = 86_400_000;
const touch = (id: string, time: number, channel = "email"): PlainEvent => ({
  id,
  type: "click",
  time,
  userId: "u",
  channel,
});
const conversion: PlainEvent = {
  id: "c",
  type: "conversion",
  time: 100 * DAY,
  userId: "u",
  value: "10.00",
  orderId: "o",
};

test("a path by hand: order, windows, credits", () => {
  const events = [
    conversion,
    touch("late", 100 * DAY + 1),
    touch("b", 99 * DAY, "direct"),
    touch("a", 70 * DAY),
    touch("too-old", 70 * DAY - 1),
    { ...touch("seen", 98 * DAY), type: "impression" as const },
    { ...touch("of-another", 99 * DAY), userId: "v" },
  ];
  const result = expectedResults(events).get("u/c");
  expect(result?.path).toEqual(["a", "b"]);
  expect(result?.weights["first_touch"]).toEqual([1, 0]);
  expect(result?.weights["last_touch"]).toEqual([0, 1]);
  expect(result?.weights["last_non_direct"]).toEqual([1, 0]);
  expect(result?.weights["position_based"]).toEqual([0.5, 0.5]);
  expect(result?.weights["time_decay"]?.[1]).toBeCloseTo(1 / (1 + 2 ** (-29 / 7)), 12);
  expect(result?.value).toBe(10n * 10n ** 12n);
});

test("which channels are direct is a tenant's to say", () => {
  const events = [touch("a", 98 * DAY), touch("b", 99 * DAY, "app"), conversion];
  const last = (direct?: readonly string[]) =>
    expectedResults(events, { ...DEFAULT_RULES, ...(direct === undefined ? {} : { direct }) }).get(
      "u/c",
    )?.weights["last_non_direct"];
  expect(last()).toEqual([0, 1]);
  expect(last(["app"])).toEqual([1, 0]);
  expect(last(["app", "email"])).toEqual([0, 1]);
  expect(last([])).toEqual([0, 1]);
});

test("refunds take from the value of their order, never below nothing", () => {
  const refund = (id: string, value?: string): PlainEvent => ({
    id,
    type: "refund",
    time: conversion.time,
    userId: "u",
    orderId: "o",
    ...(value === undefined ? {} : { value }),
  });
  const cents = (...refunds: PlainEvent[]): number =>
    Number(expectedResults([...refunds, conversion]).get("u/c")?.value) / 1e10;
  expect(cents(refund("r1", "2.50"))).toBe(750);
  expect(cents(refund("r1", "2.50"), refund("r2", "9.00"))).toBe(0);
  expect(cents(refund("r1", "2.50"), refund("r1", "2.50"))).toBe(750);
  expect(cents(refund("r1"))).toBe(0);
});
