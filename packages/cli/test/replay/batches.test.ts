import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { cutBatches } from "../../src/replay/batches.ts";
import type { SourceChunk } from "../../src/replay/sources/source-item.ts";

async function* chunksOf(sizes: readonly number[]): AsyncGenerator<SourceChunk> {
  let line = 0;
  for (const [i, size] of sizes.entries()) {
    const events = Array.from({ length: size }, () => {
      line += 1;
      return { line, event: { id: `e${line}`, type: "click" as const, time: line } };
    });
    yield { events, rejected: [], bytesRead: i + 1 };
  }
}

async function cut(
  sizes: readonly number[],
  options: { readonly size: number; readonly limit?: number; readonly shuffleSeed?: number },
): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const { events } of cutBatches(chunksOf(sizes), {
    ...options,
    rejected: () => undefined,
  })) {
    batches.push(events.map(({ line }) => line));
  }
  return batches;
}

test("every event is in one batch, in order, and only the last batch is short", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(30), { maxLength: 10 }),
      fc.integer({ min: 1, max: 20 }),
      fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      async (sizes, size, limit) => {
        const batches = await cut(sizes, { size, ...(limit === undefined ? {} : { limit }) });
        const total = Math.min(
          sizes.reduce((a, b) => a + b, 0),
          limit ?? Number.POSITIVE_INFINITY,
        );
        expect(batches.flat()).toEqual(Array.from({ length: total }, (_, i) => i + 1));
        expect(batches.slice(0, -1).every((batch) => batch.length === size)).toBe(true);
      },
    ),
    { numRuns: runs(50) },
  );
});

test("a shuffle keeps every event, and its seed alone decides the order", async () => {
  const once = (await cut([700, 300], { size: 64, shuffleSeed: 5 })).flat();
  const again = (await cut([1000], { size: 10, shuffleSeed: 5 })).flat();
  const other = (await cut([700, 300], { size: 64, shuffleSeed: 6 })).flat();
  expect(again).toEqual(once);
  expect(other).not.toEqual(once);
  expect(once.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  expect(once.slice(0, 10)).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
