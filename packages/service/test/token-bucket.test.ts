import fc from "fast-check";
import { expect, it } from "vitest";
import { TokenBucket } from "../src/token-bucket.ts";

it("begins full, and fills at its rate up to its capacity", () => {
  const bucket = new TokenBucket(10, 20, 1000);
  expect(bucket.tokens(1000)).toBe(20);
  bucket.take(15, 1000);
  expect(bucket.tokens(1000)).toBe(5);
  expect(bucket.tokens(1500)).toBe(10);
  expect(bucket.tokens(60_000)).toBe(20);
});

it("may go below zero, from where it fills as ever", () => {
  const bucket = new TokenBucket(10, 20, 0);
  bucket.take(50, 0);
  expect([bucket.tokens(0), bucket.tokens(3000)]).toEqual([-30, 0]);
});

it("takes back what was taken, but holds no more than its capacity", () => {
  const bucket = new TokenBucket(10, 20, 0);
  bucket.take(12, 0);
  bucket.take(-4, 0);
  expect(bucket.tokens(0)).toBe(12);
  bucket.take(-100, 0);
  expect(bucket.tokens(0)).toBe(20);
});

it("holds nothing without a rate and a capacity", () => {
  expect(new TokenBucket(0, 0, 0).tokens(1e9)).toBe(0);
});

it("never gives more than its capacity above its rate", () => {
  const steps = fc.array(fc.nat(700), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), steps, (perSecond, stepsMs) => {
      let nowMs = 0;
      const capacity = Math.max(1, perSecond);
      const bucket = new TokenBucket(perSecond, capacity, nowMs);
      let taken = 0;
      for (const stepMs of stepsMs) {
        nowMs += stepMs;
        while (bucket.takeOne(nowMs)) taken += 1;
        expect(taken).toBeLessThanOrEqual(capacity + (perSecond * nowMs) / 1000 + 1e-6);
        expect(taken).toBeGreaterThanOrEqual(1);
      }
    }),
  );
});
