import { gainProbabilities } from "./absorption.ts";
import {
  creditByWeights,
  type ChannelCredits,
  type PathModel,
  type RemovalEffects,
} from "../credits.ts";
import type { PathCounts, PathTable } from "../path-table.ts";
import {
  buildStateChain,
  START,
  stepProbabilities,
  type StateChain,
  type StepProbabilities,
} from "./state-chain.ts";

/** How many touches in a row make a state. */
export const MARKOV_ORDERS = [1, 2, 3, 4] as const;

export type MarkovOrder = (typeof MARKOV_ORDERS)[number];

/** A Markov model of the paths of one table. */
export interface MarkovModel extends PathModel {
  /** The states and steps behind it. */
  readonly chain: StateChain;
  probabilities(counts: PathCounts): StepProbabilities;
  removalEffects(counts: PathCounts): RemovalEffects;
}

/**
 * Markov removal effect of order k: the paths as a chain that starts, goes from state to state (k touches
 * in a row; equal states in a row are one) and ends in conversion or null. Removing channel x sends every
 * journey that reaches a state with x to null.
 *
 *     RE(x) = 1 − P(conversion without x) / P(conversion)
 *     credit(x) = conversions · RE(x) / Σ RE
 *
 * It is exact, no simulation: RE(x)·P(conversion) is computed as the probability of coming to x and
 * converting after, a sum without a subtraction, so that even the smallest effect has all its digits and
 * none is negative. The linear systems are sparse and never singular: as every path ends, there is a way
 * out of every loop of states, and a state that no journey reaches earns nothing. Where nothing converts,
 * every effect and credit is 0.
 *
 * Example, order 1: A B A B B A, A B B A A and A A, converting once each: every conversion needs A, half
 * of the journeys that are at A go on to B. RE(A) = 1, RE(B) = ½; A earns 2 conversions, B 1.
 *
 * Source: E. Anderl et al., "Mapping the customer journey: Lessons learned from graph-based online
 * attribution modeling" (2016); the states of order k are those of R's ChannelAttribution.
 * Cost: one sparse system a channel, and one more.
 */
export function markov(table: PathTable, { order }: { readonly order: MarkovOrder }): MarkovModel {
  const chain = buildStateChain(table, order);
  const holders = statesByChannel(chain, table.channels.length);
  const removalEffects = (counts: PathCounts): RemovalEffects =>
    effectsOf(chain, holders, stepProbabilities(chain, counts));
  return {
    chain,
    probabilities: (counts) => stepProbabilities(chain, counts),
    removalEffects,
    credit: (counts): ChannelCredits =>
      creditByWeights(table, counts, removalEffects(counts).effects),
  };
}

/** By channel number: the states that hold it. */
function statesByChannel(chain: StateChain, channelCount: number): readonly Int32Array[] {
  const { stateCount, stateChannels, order } = chain;
  const holders: Set<number>[] = Array.from({ length: channelCount }, () => new Set());
  for (let s = 0; s < stateCount; s += 1) {
    for (const channel of stateChannels.subarray(order * s, order * (s + 1))) {
      holders[channel]?.add(s);
    }
  }
  return holders.map((states) => Int32Array.from(states));
}

function effectsOf(
  chain: StateChain,
  holders: readonly Int32Array[],
  { step, conversion }: StepProbabilities,
): RemovalEffects {
  const { stateCount, rowStarts, targets } = chain;
  const closed = new Uint8Array(stateCount);
  const whole = gainProbabilities(chain, step, conversion, closed);
  const conversionProbability = whole[START] ?? 0;
  const effects = new Float64Array(holders.length);
  if (conversionProbability === 0) return { conversionProbability, effects };
  const gain = new Float64Array(stateCount);
  for (const [channel, states] of holders.entries()) {
    for (const s of states) closed[s] = 1;
    let gains = 0;
    for (let s = 0; s < stateCount; s += 1) {
      let lost = 0;
      const to = rowStarts[s + 1] ?? 0;
      for (let i = rowStarts[s] ?? 0; i < to; i += 1) {
        const target = targets[i] ?? 0;
        if (closed[target] === 1) lost += (step[i] ?? 0) * (whole[target] ?? 0);
      }
      gain[s] = lost;
      gains += lost;
    }
    if (gains > 0) {
      const lost = gainProbabilities(chain, step, gain, closed)[START] ?? 0;
      effects[channel] = Math.min(1, lost / conversionProbability);
    }
    for (const s of states) closed[s] = 0;
  }
  return { conversionProbability, effects };
}
