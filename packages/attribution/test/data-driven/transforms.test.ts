import fc from "fast-check";
import { expect, test } from "vitest";
import { tabulatePaths, type PathTable } from "../../src/data-driven/path-table.ts";
import { PATH_TRANSFORMS, transformPaths } from "../../src/data-driven/transforms.ts";
import { anyRows, sum, tableOf } from "./fixtures.ts";

/** The channels of each path. */
function pathsOf({ starts, touches, touchChannels, channels, conversions }: PathTable): string[] {
  return Array.from(conversions, (_, p) =>
    Array.from(
      touches.subarray(starts[p], starts[p + 1]),
      (touch) => channels[touchChannels[touch] ?? -1],
    ).join(" "),
  );
}

test.each([
  ["unique", "D A B B C D C C"],
  ["exposure", "D A B C D C"],
  ["first", "D A B C"],
  ["frequency", "D A B C"],
] as const)("worked example: D A B B C D C C under %s", (transform, expected) => {
  const table = transformPaths(tableOf({ "D A B B C D C C": [1] }), transform);
  expect(pathsOf(table)).toEqual([expected]);
});

test("worked example: frequency tells D(2) A(1) B(2) C(3) from D(1) A(1) B(2) C(3)", () => {
  const table = transformPaths(
    tableOf({ "D A B B C D C C": [1], "D A B B C C C": [2], "D D A B B C C C": [4] }),
    "frequency",
  );
  expect(pathsOf(table)).toEqual(["D A B C", "D A B C"]);
  expect([...table.conversions]).toEqual([5, 2]);
  expect(table.touchChannels).toHaveLength(5);
});

test("paths that have become equal are one, nothing is lost, and a second time changes nothing", () => {
  fc.assert(
    fc.property(anyRows, fc.constantFrom(...PATH_TRANSFORMS), (rows, transform) => {
      const table = tabulatePaths(rows);
      const once = transformPaths(table, transform);
      const keys = Array.from(once.conversions, (_, p) =>
        once.touches.subarray(once.starts[p], once.starts[p + 1]).join(),
      );
      expect(new Set(keys).size).toBe(keys.length);
      expect(sum(once.conversions)).toBe(sum(table.conversions));
      expect(sum(once.nulls)).toBe(sum(table.nulls));
      expect(sum(once.values)).toBe(sum(table.values));
      expect(pathsOf(transformPaths(once, transform))).toEqual(pathsOf(once));
    }),
  );
});
