import { channelSets, type ChannelSets } from "./channel-sets.ts";
import { emptyCredits, type PathModel } from "../credits.ts";
import type { PathTable } from "../path-table.ts";
import { SubsetTree } from "./subset-tree.ts";

/**
 * Shapley value of conversion rates, a game for each set S of channels that journeys converted with. A
 * coalition T within S is worth the conversion rate of the journeys that touched just the channels of T
 * (0 where there are none), and the values of S's members are scaled to the conversions of S:
 *
 *     v(T) = conversions(T) / journeys(T)
 *     φ(i) = Σ over T ∋ i of v(T) / (n·C(n−1, t−1))  −  Σ over T ∌ i of v(T) / (n·C(n−1, t)),  n = |S|, t = |T|
 *     credit(i) = conversions(S) · φ(i) / v(S)
 *
 * A credit can be negative: a channel whose presence goes with fewer conversions loses what the others
 * earn. Σ φ = v(S), so credits still sum to the conversions.
 *
 * Only coalitions that some journey had are worth anything, and only those are summed. So it is exact, no
 * sample, for any number of channels.
 *
 * Example: A converts 1 of 1, B 0 of 1, A B 1 of 2. φ(A) = (1 + (½ − 0)) / 2 = ¾ and φ(B) = (0 + (½ − 1)) / 2
 * = −¼; their conversion is shared 1½ and −½. With its own, A earns 2½, B −½.
 *
 * Source: DP6 Marketing-Attribution-Models, `attribution_shapley` with `values_col="conv_rate"`.
 * Cost: for each set with conversions one step for each of its subsets that occur, at most 2^n of them.
 */
export function shapleyRate(table: PathTable): PathModel {
  const sets = channelSets(table);
  const setCount = sets.starts.length - 1;
  const tree = new SubsetTree(sets);
  return {
    credit: (counts) => {
      const conversions = new Float64Array(setCount);
      const values = new Float64Array(setCount);
      const journeys = new Float64Array(setCount);
      for (const [p, set] of sets.setOfPath.entries()) {
        const converted = counts.conversions[p] ?? 0;
        conversions[set] = (conversions[set] ?? 0) + converted;
        values[set] = (values[set] ?? 0) + (counts.values[p] ?? 0);
        journeys[set] = (journeys[set] ?? 0) + converted + (counts.nulls[p] ?? 0);
      }
      const rates = conversions.map((count, set) => (count > 0 ? count / (journeys[set] ?? 0) : 0));
      const credits = emptyCredits(table, counts);
      for (let set = 0; set < setCount; set += 1) {
        const rate = rates[set] ?? 0;
        if (rate === 0) continue;
        for (const [channel, share] of sharesOf(set, sets, tree, rates)) {
          const earned = share / rate;
          credits.conversions[channel] =
            (credits.conversions[channel] ?? 0) + earned * (conversions[set] ?? 0);
          credits.values[channel] = (credits.values[channel] ?? 0) + earned * (values[set] ?? 0);
        }
      }
      return credits;
    },
  };
}

/** φ by channel of the game on one set. */
function sharesOf(
  set: number,
  { starts, members }: ChannelSets,
  tree: SubsetTree,
  rates: Float64Array,
): Map<number, number> {
  const own = members.subarray(starts[set], starts[set + 1]);
  const size = own.length;
  const weights = coalitionWeights(size);
  const shares = new Map<number, number>();
  // What every member loses by coalitions without it; their own members get it back.
  let without = 0;
  for (const subset of tree.subsetsOf(own)) {
    const rate = rates[subset] ?? 0;
    if (rate === 0) continue;
    const from = starts[subset] ?? 0;
    const to = starts[subset + 1] ?? 0;
    const loss = to - from < size ? rate * (weights[to - from] ?? 0) : 0;
    const gain = rate * (weights[to - from - 1] ?? 0);
    without += loss;
    for (let i = from; i < to; i += 1) {
      const channel = members[i] ?? 0;
      shares.set(channel, (shares.get(channel) ?? 0) + gain + loss);
    }
  }
  for (const channel of own) shares.set(channel, (shares.get(channel) ?? 0) - without);
  return shares;
}

/** 1 / (n·C(n−1, t)) for t of 0 … n−1: the weight of adding one to a coalition of t. */
function coalitionWeights(size: number): Float64Array {
  const weights = new Float64Array(size);
  let ways = 1;
  for (let t = 0; t < size; t += 1) {
    weights[t] = 1 / (size * ways);
    ways = (ways * (size - 1 - t)) / (t + 1);
  }
  return weights;
}
