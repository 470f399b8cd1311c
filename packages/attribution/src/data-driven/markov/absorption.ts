import { AttributionError } from "../../errors.ts";
import { START, type StateChain } from "./state-chain.ts";

/** The bracket around the result is this narrow, in parts of the result. */
const TOLERANCE = 1e-14;
/** A gain below this is none: sweeps would go on into the numbers that float64 holds badly. */
const NOTHING = 1e-200;
/** A bound on steps times sweeps: some seconds. */
const WORK_MAX = 5e9;

/**
 * The probability of gaining, from each state: v = gain + P·v over the states that are not closed, where
 * gain(s) is that of gaining right out of s and P(s, t) that of going on from s to t.
 *
 * By Gauss–Seidel sweeps, so that only the steps there are cost anything, and only by adding and
 * multiplying numbers that are 0 or more, so that nothing can come out negative or NaN. Sweep m settles
 * d(s) more of the gain, and δ(s) of what was still under way, e(s). Both shrink under the same matrix of
 * numbers that are not negative; hence, with lo and hi the least and the greatest d(s)/δ(s),
 *
 *     lo · e(s)  ≤  gain still to come  ≤  hi · e(s)
 *
 * holds for every sweep after, and the sweeps end when that bracket is narrower than 1e-14 of the result.
 *
 * Example: start → A; at A half of them gain, the others go to B and back to A. gain(A) = ½, and v = 1
 * everywhere. Where the others end instead with ½, gain(A) = ½ and P(A, B) = ¼, v = ½ / (1 − ¼) = ⅔.
 *
 * @param probabilities of the chain's steps, those into closed states included
 * @param closed 1 for states that end a journey; what is gained there is in `gain` of those before it
 * @throws AttributionError `markov_unsolved` after `WORK_MAX` steps
 *
 * Source: R. S. Varga, "Matrix Iterative Analysis" (1962), regular splittings: Gauss–Seidel on such a
 * system iterates a matrix of numbers that are not negative.
 * Cost: two multiplications a step and sweep; there are about
 * as many sweeps as a long path has touches.
 */
export function gainProbabilities(
  chain: StateChain,
  probabilities: Float64Array,
  gain: Float64Array,
  closed: Uint8Array,
): Float64Array {
  const { stateCount, rowStarts, targets } = chain;
  const settled = new Float64Array(stateCount);
  const d = new Float64Array(stateCount);
  const e = new Float64Array(stateCount);
  for (let s = 0; s < stateCount; s += 1) e[s] = closed[s] === 1 ? 0 : 1;
  const sweepsMax = Math.ceil(WORK_MAX / (targets.length + stateCount));
  for (let sweep = 0; sweep < sweepsMax; sweep += 1) {
    let low = Infinity;
    let high = 0;
    let underWay = 0;
    // Paths were numbered forwards; backwards, a sweep passes a gain on along the whole path.
    for (let s = stateCount - 1; s >= 0; s -= 1) {
      if (closed[s] === 1) continue;
      let gained = sweep === 0 ? (gain[s] ?? 0) : 0;
      let left = 0;
      const to = rowStarts[s + 1] ?? 0;
      for (let i = rowStarts[s] ?? 0; i < to; i += 1) {
        const probability = probabilities[i] ?? 0;
        const target = targets[i] ?? 0;
        gained += probability * (d[target] ?? 0);
        left += probability * (e[target] ?? 0);
      }
      const ended = (e[s] ?? 0) - left;
      d[s] = gained;
      e[s] = left;
      settled[s] = (settled[s] ?? 0) + gained;
      if (left > underWay) underWay = left;
      if (ended > 0) {
        const share = gained / ended;
        if (share < low) low = share;
        if (share > high) high = share;
      } else if (gained > 0) {
        high = 1;
      }
    }
    // Whoever is under way gains with a probability of 0 to 1, whatever rounding makes of the shares.
    high = Math.min(high, 1);
    low = Math.min(low, high);
    const certain = (settled[START] ?? 0) + low * (e[START] ?? 0);
    if ((high - low) * underWay <= Math.max(TOLERANCE * certain, NOTHING)) {
      const share = (low + high) / 2;
      for (let s = 0; s < stateCount; s += 1) settled[s] = (settled[s] ?? 0) + share * (e[s] ?? 0);
      return settled;
    }
  }
  throw new AttributionError(
    "markov_unsolved",
    `paths: expected journeys short enough for ${sweepsMax} sweeps over ${stateCount} states, got some that go round for longer`,
  );
}
