import { emptyCredits, type PathModel } from "./credits.ts";
import type { PathCounts, PathTable } from "./path-table.ts";
import { NONE, ROOT, SequenceIndex } from "./sequence-index.ts";

/**
 * Fractribution: each touch earns by how much less likely the path converts without it. With p the share
 * of a path's journeys that convert, 0 for a path that no journey took:
 *
 *     m(i) = max(0, p(path) − p(path without touch i)),  weight(i) = m(i) / Σ m
 *
 * A path of one touch gives it everything. Where no touch makes a conversion more likely, the last earns
 * it. A path without a touch is unattributed.
 *
 * Usually the paths are simplified first, see {@link transformPaths}: it makes more of them comparable.
 *
 * Example: A B converts 1 of 2, A 1 of 4, B never. m(A) = ½ − 0, m(B) = ½ − ¼: the conversion of A B is
 * shared ⅔ and ⅓. With its own, A earns 1⅔.
 *
 * Source: google/fractribution `py/fractribution_model/fractribution.py`.
 * Cost: for a path of n touches about n²/2 look-ups, once; then one step a touch.
 */
export function fractribution(table: PathTable): PathModel {
  const without = pathsWithout(table);
  const { starts, touches, touchChannels } = table;
  return {
    credit: (counts) => {
      const credits = emptyCredits(table, counts);
      for (let p = 0; p < counts.conversions.length; p += 1) {
        const conversions = counts.conversions[p] ?? 0;
        const from = starts[p] ?? 0;
        const to = starts[p + 1] ?? 0;
        if (conversions === 0 || from === to) continue;
        const own = conversionRate(counts, p);
        let sum = 0;
        for (let i = from; i < to; i += 1) sum += margin(counts, own, without[i] ?? NONE);
        for (let i = from; i < to; i += 1) {
          const weight =
            sum > 0 ? margin(counts, own, without[i] ?? NONE) / sum : i === to - 1 ? 1 : 0;
          const channel = touchChannels[touches[i] ?? 0] ?? 0;
          credits.conversions[channel] = (credits.conversions[channel] ?? 0) + conversions * weight;
          credits.values[channel] =
            (credits.values[channel] ?? 0) + (counts.values[p] ?? 0) * weight;
        }
      }
      return credits;
    },
  };
}

function margin(counts: PathCounts, own: number, without: number): number {
  return without === NONE ? own : Math.max(0, own - conversionRate(counts, without));
}

function conversionRate({ conversions, nulls }: PathCounts, path: number): number {
  const converted = conversions[path] ?? 0;
  return converted === 0 ? 0 : converted / (converted + (nulls[path] ?? 0));
}

/** By touch: the path that is left without it, or NONE where no journey took that. A single touch has NONE. */
function pathsWithout({ starts, touches, conversions }: PathTable): Int32Array {
  const index = new SequenceIndex();
  for (let p = 0; p < conversions.length; p += 1) {
    index.add(touches, starts[p] ?? 0, starts[p + 1] ?? 0);
  }
  const without = new Int32Array(touches.length).fill(NONE);
  for (let p = 0; p < conversions.length; p += 1) {
    const from = starts[p] ?? 0;
    const to = starts[p + 1] ?? 0;
    if (to - from === 1) continue;
    let before = ROOT;
    for (let i = from; i < to; i += 1) {
      const node = index.walk(before, touches, i + 1, to);
      without[i] = node === NONE ? NONE : index.numberAt(node);
      before = index.walk(before, touches, i, i + 1);
    }
  }
  return without;
}
