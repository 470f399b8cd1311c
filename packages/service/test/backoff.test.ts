import { expect, it } from "vitest";
import { Backoff, backoffMs } from "../src/backoff.ts";

it("waits twice as long after each failure, up to its bound, and begins anew after a success", () => {
  const backoff = new Backoff(20, 100);
  expect(Array.from({ length: 5 }, () => backoff.fail())).toEqual([20, 40, 80, 100, 100]);
  expect(backoff.failures).toBe(5);
  backoff.succeed();
  expect([backoff.failures, backoff.fail()]).toEqual([0, 20]);
});

it("gives the wait after so many failures without counting them", () => {
  expect([1, 2, 3, 4].map((failures) => backoffMs(failures, 1000, 5000))).toEqual([
    1000, 2000, 4000, 5000,
  ]);
  expect(backoffMs(5000, 1, 1000)).toBe(1000);
});

it("stays at its bound however long the failures last", () => {
  const backoff = new Backoff(1, 1000);
  const waits = Array.from({ length: 2000 }, () => backoff.fail());
  expect(waits.at(-1)).toBe(1000);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
});
