import { channelSets } from "./channel-sets.ts";
import { emptyCredits, type PathModel } from "../credits.ts";
import type { PathTable } from "../path-table.ts";

/**
 * Shapley value of the game in which a coalition of channels earns the conversions it reaches alone:
 *
 *     v(S) = conversions of the paths whose channels are all in S
 *
 * That game is a sum of one game a path, in which only the path's own channels count and none can be
 * missing; by symmetry and additivity the Shapley value of v is therefore exactly an equal split of each
 * conversion over the different channels of its path. Hence it is exact for any number of channels, and a
 * channel's credit is never negative. Paths that did not convert play no part: {@link shapleyRate} is the
 * variant in which they do.
 *
 * Example: A converts 4 times, A B 6 times. A earns 4 + 3 = 7, B 3.
 *
 * Source: L. S. Shapley, "A value for n-person games" (1953); J. C. Harsanyi's dividends for the sum of
 * games; Zhao et al., "Shapley value methods for attribution modeling in online advertising" (2018).
 * Cost: one step a different channel of each path.
 */
export function shapley(table: PathTable): PathModel {
  const { starts, members, setOfPath } = channelSets(table);
  return {
    credit: (counts) => {
      const credits = emptyCredits(table, counts);
      for (const [p, set] of setOfPath.entries()) {
        const from = starts[set] ?? 0;
        const to = starts[set + 1] ?? 0;
        const conversions = (counts.conversions[p] ?? 0) / (to - from);
        const value = (counts.values[p] ?? 0) / (to - from);
        for (let i = from; i < to; i += 1) {
          const channel = members[i] ?? 0;
          credits.conversions[channel] = (credits.conversions[channel] ?? 0) + conversions;
          credits.values[channel] = (credits.values[channel] ?? 0) + value;
        }
      }
      return credits;
    },
  };
}
