import { expect, test } from "vitest";
import { counted, duration, figure } from "../../src/terminal/figures.ts";

test("a figure has its thousands separated, and one digit at most", () => {
  expect([0, 1234, 0.25, 1234567.89].map(figure)).toEqual(["0", "1,234", "0.3", "1,234,567.9"]);
});

test("a count takes the singular for one only", () => {
  expect([0, 1, 1200].map((count) => counted(count, "row"))).toEqual([
    "0 rows",
    "1 row",
    "1,200 rows",
  ]);
  expect(counted(2, "delivery", "deliveries")).toBe("2 deliveries");
});

test("a duration is in the unit that fits", () => {
  expect([null, 0.31, 12, 300, 10_800, 172_800].map(duration)).toEqual([
    "–",
    "0.3 s",
    "12 s",
    "5 min",
    "3 h",
    "2 d",
  ]);
});
