import { expect, test } from "vitest";
import { readTime } from "../../src/replay/event-time.ts";

const MS = Date.UTC(2024, 0, 2, 3, 4, 5, 678);

test.each([
  [MS, MS],
  [String(MS), MS],
  [` ${MS} `, MS],
  ["1704164645", 1_704_164_645_000],
  [1_704_164_645, 1_704_164_645_000],
  ["1700000000.123", 1_700_000_000_123],
  ["1700000000.1239", 1_700_000_000_123],
  ["2024-01-02T03:04:05.678Z", MS],
  ["2024-01-02T05:04:05.678+02:00", MS],
  ["2024-01-02 03:04:05.678", MS],
  ["2024-01-02T03:04", Date.UTC(2024, 0, 2, 3, 4)],
  ["2024-01-02", Date.UTC(2024, 0, 2)],
])("%j is a time", (text, ms) => {
  expect(readTime(text)).toBe(ms);
});

test.each(["", "yesterday", "12345", "02/01/2024", "2024-13-01", "1e12", null, undefined, {}, -1])(
  "%j is none",
  (text) => {
    expect(readTime(text)).toBeUndefined();
  },
);
