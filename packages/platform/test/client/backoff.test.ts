import { expect, test } from "vitest";
import { backoffMs, retryAfterMs } from "../../src/client/backoff.ts";

test("waits double up to five seconds, half of each by chance", () => {
  expect([0, 1, 2, 10, 100_000].map((attempt) => backoffMs(attempt, 1))).toEqual([
    100, 200, 400, 5000, 5000,
  ]);
  expect(backoffMs(0, 0)).toBe(50);
});

test("Retry-After is seconds or a date, and bounded", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(retryAfterMs("2", now)).toBe(2000);
  expect(retryAfterMs("99999", now)).toBe(60_000);
  expect(retryAfterMs(new Date(now + 3000).toUTCString(), now)).toBe(3000);
  expect(retryAfterMs(new Date(now - 3000).toUTCString(), now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBeUndefined();
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});
