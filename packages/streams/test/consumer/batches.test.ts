import { packErasure } from "@tributary/protocol";
import { expect, test } from "vitest";
import { takeBatch } from "../../src/consumer/batches.ts";
import type { StreamEntry } from "../../src/redis/read-group.ts";

const entry = (
  id: number,
  count: number,
  rows?: number,
  block = Buffer.from("e"),
): StreamEntry => ({
  id: `${id}-0`,
  count,
  ...(rows === undefined ? {} : { rows }),
  block,
});
const idsOf = (entries: readonly StreamEntry[]): string[] => entries.map(({ id }) => id);
const nobody = (): boolean => false;

/** All batches that pending entries make. */
function batchesOf(
  entries: readonly StreamEntry[],
  maxBatchEvents: number,
  maxEntries = Infinity,
  mustBeAlone: (of: StreamEntry) => boolean = nobody,
): string[][] {
  const pending = [...entries];
  const batches: string[][] = [];
  while (pending.length > 0) {
    batches.push(idsOf(takeBatch(pending, maxBatchEvents, maxEntries, mustBeAlone)));
  }
  return batches;
}

test("a batch has as many rows as it may, be they events or not, and one entry at least", () => {
  const entries = [entry(1, 6), entry(2, 2, 2), entry(3, 1), entry(4, 50), entry(5, 1)];
  expect(batchesOf(entries, 10)).toEqual([["1-0", "2-0"], ["3-0"], ["4-0"], ["5-0"]]);
});

test("a batch has no more entries than it may", () => {
  const entries = [1, 2, 3, 4, 5].map((id) => entry(id, 1));
  expect(batchesOf(entries, 100, 2)).toEqual([["1-0", "2-0"], ["3-0", "4-0"], ["5-0"]]);
});

test("an entry that must be alone is", () => {
  const entries = [1, 2, 3, 4].map((id) => entry(id, 1));
  const suspect = ({ id }: StreamEntry): boolean => id === "3-0";
  expect(batchesOf(entries, 100, Infinity, suspect)).toEqual([["1-0", "2-0"], ["3-0"], ["4-0"]]);
});

test("a message of erasures begins a batch", () => {
  const erasure = packErasure(
    { tenant: "t", id: "u", anonymous: false, receipt: new Uint8Array(16), anonymousIds: [] },
    4,
  );
  const entries = [entry(1, 1), entry(2, 0, erasure.rows, Buffer.from(erasure.bytes)), entry(3, 1)];
  expect(batchesOf(entries, 100)).toEqual([["1-0"], ["2-0", "3-0"]]);
});

test("nothing is taken where nothing is pending", () => {
  expect(takeBatch([], 10, 10, nobody)).toEqual([]);
});
