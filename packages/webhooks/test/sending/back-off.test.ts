import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRetryAfter, ReceiverPace, retryDelayMs } from "../../src/sending/back-off.ts";

const PACING = { maxInFlight: 8, firstBackoffMs: 1000, maxBackoffMs: 3_600_000 };

describe("a delivery's wait", () => {
  it("doubles up to the longest, less a random part of its second half", () => {
    const waits = [1, 2, 3, 12, 13, 72].map((attempts) => retryDelayMs(attempts, PACING, 1));
    expect(waits).toEqual([1000, 2000, 4000, 2_048_000, 3_600_000, 3_600_000]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, random) => {
          const whole = retryDelayMs(attempts, PACING, 1);
          const wait = retryDelayMs(attempts, PACING, random);
          expect(wait).toBeGreaterThanOrEqual(Math.floor(whole / 2));
          expect(wait).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });

  it("is never shorter than the receiver asked for", () => {
    expect(retryDelayMs(1, PACING, 0, 120_000)).toBe(120_000);
    expect(retryDelayMs(12, PACING, 0, 1000)).toBe(1_024_000);
  });
});

it("Retry-After is seconds or a date, of at most a day", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(parseRetryAfter("7", now)).toBe(7000);
  expect(parseRetryAfter("Thu, 01 Jan 2026 00:02:00 GMT", now)).toBe(120_000);
  expect(parseRetryAfter("Thu, 01 Jan 2015 00:02:00 GMT", now)).toBe(0);
  expect(parseRetryAfter("999999999", now)).toBe(86_400_000);
  for (const header of [null, "", "soon", "-5", "1e9"])
    expect(parseRetryAfter(header, now)).toBe(0);
});

describe("a receiver that fails", () => {
  it("is left alone after five failures in a row, then asked with one delivery at a time", () => {
    const pace = new ReceiverPace(PACING, () => 1);
    for (let i = 0; i < 4; i += 1) pace.failed(0, 0);
    expect(pace.room(0, 0)).toBe(8);
    pace.failed(0, 0);
    expect(pace.room(999, 0)).toBe(0);
    expect(pace.room(1000, 0)).toBe(1);
    expect(pace.room(1000, 1)).toBe(0);
    pace.failed(1000, 0);
    expect(pace.room(2999, 0)).toBe(0);
    expect(pace.room(3000, 0)).toBe(1);
    for (let i = 0; i < 100; i += 1) pace.failed(3000, 0);
    // Asked once a minute at the least, however long it was away.
    expect(pace.room(62_999, 0)).toBe(0);
    expect(pace.room(63_000, 0)).toBe(1);
    pace.succeeded();
    expect(pace.room(3000, 3)).toBe(5);
  });

  it("says when to come again, and is not asked before", () => {
    const pace = new ReceiverPace(PACING, () => 0);
    pace.failed(0, 30_000);
    pace.failed(0, 0);
    expect(pace.room(29_999, 0)).toBe(0);
    expect(pace.room(30_000, 0)).toBe(8);
  });
});
