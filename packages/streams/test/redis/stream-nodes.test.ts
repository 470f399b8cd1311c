import { expect, it } from "vitest";
import { nodeAround } from "../../src/redis/stream-nodes.ts";

const entries = (...sizes: readonly number[]) =>
  sizes.map((size, i) => ({ id: `${i}-0`, count: 1, block: new Uint8Array(size) }));

it("takes those around an entry that are no larger with it than a node", () => {
  expect(nodeAround(entries(2000, 1500, 500, 1500, 1500, 1500), 2)).toEqual([0, 5]);
  expect(nodeAround(entries(2000, 2000, 96, 4000), 2)).toEqual([1, 3]);
  expect(nodeAround(entries(1), 0)).toEqual([0, 1]);
});

it("takes none beside a large one, which lies by itself", () => {
  expect(nodeAround(entries(10, 5000, 10), 1)).toEqual([1, 2]);
  expect(nodeAround(entries(5000, 10, 5000), 1)).toEqual([1, 2]);
});

it("takes no more than a node may have", () => {
  const many = entries(...Array.from({ length: 500 }, () => 1));
  const [from, to] = nodeAround(many, 250);
  expect([from, to]).toEqual([150, 350]);
});
