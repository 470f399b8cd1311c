import { expect, test } from "vitest";
import { ReadSize } from "../../src/redis/read-size.ts";

const entries = (count: number, bytes: number) =>
  Array.from({ length: count }, () => ({ block: new Uint8Array(bytes) }));

test("small entries are read as many at once as may be", () => {
  const size = new ReadSize(64, 1 << 20);
  expect(size.entries).toBe(8);
  for (let i = 0; i < 40; i += 1) size.note(entries(8, 1000));
  expect(size.entries).toBe(64);
});

test("large entries are read few at once, and one that is larger than a read may be alone", () => {
  const size = new ReadSize(64, 1 << 20);
  size.note(entries(8, 1 << 18));
  expect(size.entries).toBe(4);
  size.note(entries(1, 1 << 21));
  expect(size.entries).toBe(1);
});

test("a large entry is remembered for a while", () => {
  const size = new ReadSize(64, 1 << 20);
  size.note(entries(1, 1 << 20));
  const asked: number[] = [];
  for (let i = 0; i < 60; i += 1) {
    asked.push(size.entries);
    size.note(entries(1, 10));
  }
  expect(asked.slice(0, 3)).toEqual([1, 1, 1]);
  expect(asked.at(-1)).toBe(64);
  expect(asked).toEqual(asked.toSorted((a, b) => a - b));
});
