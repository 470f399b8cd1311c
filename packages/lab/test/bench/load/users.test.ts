import { expect, test } from "vitest";
import { userNumbers } from "../../../src/bench/load/users.ts";

function countsOf(users: number, skew: number, draws: number): number[] {
  const next = userNumbers(users, skew, 1);
  const counts = Array.from({ length: users }, () => 0);
  for (let i = 0; i < draws; i += 1) {
    const user = next();
    counts[user] = (counts[user] as number) + 1;
  }
  return counts;
}

test("without skew each user is as likely", () => {
  const counts = countsOf(10, 0, 100_000);
  expect(Math.min(...counts)).toBeGreaterThan(9500);
  expect(Math.max(...counts)).toBeLessThan(10_500);
});

test("with skew 1 the n-th user is as likely as 1/n", () => {
  const counts = countsOf(100, 1, 1_000_000);
  const first = counts[0] as number;
  for (const n of [2, 5, 10]) {
    expect(first / (counts[n - 1] as number) / n).toBeCloseTo(1, 1);
  }
});
