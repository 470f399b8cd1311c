import type { Path } from "../models/path.ts";
import { emptyCredits, type PathModel } from "./credits.ts";
import type { PathTable } from "./path-table.ts";

/** Writes the weights of a path's touchpoints at an offset, as `firstTouch` and its like do. */
export type PathRule = (path: Path, weights: Float64Array, offset: number) => void;

/**
 * A rule-based model over aggregated paths, which hold no times: every touch has the age 0, so that
 * `timeDecay` is `linear` here.
 * @param isDirect by channel number; which of them are direct, for `lastNonDirect`
 *
 * Example: A B converts 3 times, worth 30. Under first touch A earns 3 conversions and 30.
 *
 * Cost: one step a touch of each path with conversions.
 */
export function pathRule(
  table: PathTable,
  rule: PathRule,
  isDirect: (channel: string) => boolean = () => false,
): PathModel {
  const { channels, starts, touches, touchChannels } = table;
  const directChannel = channels.map((channel) => (isDirect(channel) ? 1 : 0));
  return {
    credit: (counts) => {
      const credits = emptyCredits(table, counts);
      for (let p = 0; p < counts.conversions.length; p += 1) {
        const conversions = counts.conversions[p] ?? 0;
        const from = starts[p] ?? 0;
        const length = (starts[p + 1] ?? 0) - from;
        if (conversions === 0 || length === 0) continue;
        const isDirectTouch = new Uint8Array(length);
        for (let i = 0; i < length; i += 1) {
          isDirectTouch[i] = directChannel[touchChannels[touches[from + i] ?? 0] ?? 0] ?? 0;
        }
        const weights = new Float64Array(length);
        rule({ length, ageMs: new Float64Array(length), isDirect: isDirectTouch }, weights, 0);
        for (const [i, weight] of weights.entries()) {
          const channel = touchChannels[touches[from + i] ?? 0] ?? 0;
          credits.conversions[channel] = (credits.conversions[channel] ?? 0) + conversions * weight;
          credits.values[channel] =
            (credits.values[channel] ?? 0) + (counts.values[p] ?? 0) * weight;
        }
      }
      return credits;
    },
  };
}
