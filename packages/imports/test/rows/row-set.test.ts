import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { RowSet } from "../../src/rows/row-set.ts";

test("counts as a map of the digests does, also after it has grown", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200_000), { maxLength: 300 }), (numbers) => {
      const set = new RowSet(1_000_000);
      const counts = new Map<number, number>();
      for (const number of numbers) {
        const digest = createHash("sha256").update(String(number)).digest();
        expect(set.add(digest, number).count).toBe(counts.get(number) ?? 0);
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
      expect(set.size).toBe(counts.size);
    }),
    { numRuns: runs(30) },
  );
  const set = new RowSet(1_000_000);
  const digests = Array.from({ length: 100_000 }, (_, i) =>
    createHash("sha256").update(String(i)).digest(),
  );
  for (const [i, digest] of digests.entries()) set.add(digest, i);
  expect(set.size).toBe(100_000);
  for (const [i, digest] of digests.entries()) {
    const seen = set.add(digest, 7);
    if (seen.count !== 1 || seen.content !== i) throw new Error(`digest ${i} was lost`);
  }
});
