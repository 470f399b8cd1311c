import { expect, it } from "vitest";
import { Patience } from "../../src/segment/patience.ts";

it("grows with the trouble, and lasts for ten waits of a quarter of an hour", () => {
  const patience = new Patience();
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    const seconds = patience.refuse(now, 1);
    waits.push(seconds);
    now += seconds * 1000;
  }
  expect(waits).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 128, 256]);
  patience.take(now + 6000);
  expect(patience.refuse(now + 7000, 1)).toBe(1);
});

it("is not lost while another node of a cluster takes what it can", () => {
  const patience = new Patience();
  patience.refuse(0, 1);
  patience.take(1000);
  expect(patience.refuse(4000, 1)).toBe(4);
});
