import { expect, it } from "vitest";
import { Backoff } from "../src/backoff.ts";

it("waits twice as long after each failure, up to its bound, and begins anew after a success", () => {
  const backoff = new Backoff(20, 100);
  expect(Array.from({ length: 5 }, () => backoff.fail())).toEqual([20, 40, 80, 100, 100]);
  expect(backoff.failures).toBe(5);
  backoff.succeed();
  expect([backoff.failures, backoff.fail()]).toEqual([0, 20]);
});

it("stays at its bound however long the failures last", () => {
  const backoff = new Backoff(1, 1000);
  const waits = Array.from({ length: 2000 }, () => backoff.fail());
  expect(waits.at(-1)).toBe(1000);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
});
