import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignPartitions, compareEntryIds } from "../../src/index.ts";

const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 12,
});

describe("the assignment", () => {
  it("is even, complete, and the same for whoever computes it", () => {
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 64 }), (names, partitions) => {
        const owners = assignPartitions(names, partitions);
        expect(owners).toHaveLength(partitions);
        expect(assignPartitions(names.toReversed(), partitions)).toEqual(owners);
        const loads = names.map((name) => owners.filter((owner) => owner === name).length);
        expect(Math.max(...loads)).toBeLessThanOrEqual(Math.ceil(partitions / names.length));
        expect(loads.reduce((sum, load) => sum + load, 0)).toBe(partitions);
      }),
    );
  });

  it("moves few partitions when a member joins", () => {
    let moved = 0;
    for (let i = 0; i < 20; i += 1) {
      const before = assignPartitions([`a${i}`, `b${i}`, `c${i}`], 48);
      const after = assignPartitions([`a${i}`, `b${i}`, `c${i}`, `d${i}`], 48);
      moved += before.filter((owner, p) => owner !== after[p]).length;
    }
    // 12 of 48 must move; the bound on the load moves some more.
    expect(moved / 20).toBeLessThan(20);
  });

  it("is empty without members", () => expect(assignPartitions([], 4)).toEqual([]));
});

describe("entry IDs", () => {
  it("compare by both numbers, not as text", () => {
    expect(compareEntryIds("9-0", "10-0")).toBeLessThan(0);
    expect(compareEntryIds("10-9", "10-10")).toBeLessThan(0);
    expect(compareEntryIds("10-1", "10-1")).toBe(0);
  });
});
