import { expect, test } from "vitest";
import { expandPathRow, pathRowKey } from "../../../src/replay/sources/path-events.ts";

const row = {
  channels: ["email", "direct"],
  conversions: 3,
  nulls: 1,
  value: 10n,
  currency: "EUR",
  key: "0123456789ab-1",
};

test("a row becomes its journeys, the converting ones first, with the value split exactly", () => {
  const events = [...expandPathRow(row)];
  expect(events).toHaveLength(3 * 3 + 2);
  const conversions = events.filter(({ type }) => type === "conversion");
  expect(conversions.map(({ value }) => value)).toEqual([
    "0.000000000004",
    "0.000000000003",
    "0.000000000003",
  ]);
  expect(new Set(events.map(({ userId }) => userId)).size).toBe(4);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const start = events[0]?.time ?? 0;
  expect(events.slice(0, 3)).toEqual([
    {
      id: "0123456789ab-1-0-0000",
      type: "click",
      time: start,
      userId: "0123456789ab-1-0",
      channel: "email",
    },
    {
      id: "0123456789ab-1-0-0001",
      type: "click",
      time: start + 60_000,
      userId: "0123456789ab-1-0",
      channel: "direct",
    },
    {
      id: "0123456789ab-1-0-0002",
      type: "conversion",
      time: start + 120_000,
      userId: "0123456789ab-1-0",
      value: "0.000000000004",
      currency: "EUR",
    },
  ]);
});

test("journeys begin within 30 days of 2024-01-01", () => {
  const base = Date.UTC(2024, 0, 1);
  const starts = [...expandPathRow({ ...row, channels: ["x"], conversions: 0, nulls: 1000 })].map(
    ({ time }) => (time - base) / 86_400_000,
  );
  expect(Math.min(...starts)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...starts)).toBeLessThan(30);
  expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(25);
});

test("a key is the content and which of the equal rows it is", () => {
  const seen = new Map<string, number>();
  const first = pathRowKey(["a > b", "1", "2", "0"], seen);
  const other = pathRowKey(["a > b", "1", "2", "1"], seen);
  const second = pathRowKey(["a > b", "1", "2", "0"], seen);
  expect(first).toMatch(/^[0-9a-f]{12}-1$/);
  expect(second).toBe(first.replace(/1$/, "2"));
  expect(other.slice(0, 12)).not.toBe(first.slice(0, 12));
});
