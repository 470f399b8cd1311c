import fc from "fast-check";
import type { ChannelCredits } from "../../src/data-driven/credits.ts";
import { tabulatePaths, type PathRow, type PathTable } from "../../src/data-driven/path-table.ts";

/** Paths written as text: `"A B": [conversions, nulls, value]`. The empty text is the empty path. */
export function tableOf(
  paths: Readonly<Record<string, readonly [number, number?, number?]>>,
): PathTable {
  return tabulatePaths(
    Object.entries(paths).map(([path, [conversions, nulls = 0, value = 0]]) => ({
      path: path === "" ? [] : path.split(" "),
      conversions,
      value,
      nulls,
    })),
  );
}

/** Credited conversions by channel name. */
export function byName(table: PathTable, credits: ChannelCredits): Record<string, number> {
  return named(table, credits.conversions);
}

export function named(table: PathTable, figures: Float64Array): Record<string, number> {
  return Object.fromEntries(table.channels.map((name, i) => [name, figures[i] ?? Number.NaN]));
}

export function sum(figures: Iterable<number>): number {
  let total = 0;
  for (const figure of figures) total += figure;
  return total;
}

const CHANNELS = ["A", "B", "C", "D"] as const;

/** Up to 12 paths of up to 7 touches of up to four channels, the empty one and equal ones among them. */
export const anyRows: fc.Arbitrary<PathRow[]> = fc.array(
  fc
    .record({
      path: fc.array(fc.constantFrom(...CHANNELS), { maxLength: 7 }),
      conversions: fc.integer({ min: 0, max: 20 }),
      value: fc.constant(0),
      nulls: fc.integer({ min: 0, max: 50 }),
    })
    .map((row) => ({ ...row, value: row.conversions * 2.5 })),
  { maxLength: 12 },
);
