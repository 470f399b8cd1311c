import { expect, it } from "vitest";
import { hashOf, IdFilter } from "../../../src/journeys/tables/id-filter.ts";

const hash = (i: number): number => hashOf(i, 1, 2, 3);

it("errs as seldom in a large filter as in a small one", () => {
  for (const words of [256, 1 << 20]) {
    const filter = new IdFilter(0, words);
    let held = 0;
    for (; !filter.isFull; held += 1) filter.add(hash(held));
    let wrong = 0;
    const asked = 100_000;
    for (let i = 0; i < asked; i += 1) if (filter.mayHold(hash(held + i))) wrong += 1;
    expect(wrong / asked).toBeLessThan(0.012);
  }
});

it("holds what is added at once like what is added one by one", () => {
  const [one, all] = [new IdFilter(3), new IdFilter(3)];
  const hashes = Int32Array.from({ length: 300 }, (_, i) => hash(i));
  for (const of of hashes.subarray(0, 200)) one.add(of);
  all.addAll(hashes, 200);
  for (const of of hashes) expect(all.mayHold(of)).toBe(one.mayHold(of));
  expect(all.mayHold(hash(0))).toBe(true);
});
