import type { Random } from "./seeded-random.ts";

/** Below this mean counting up is faster than rejection. */
const INVERSION_MEAN_MAX = 10;

/**
 * How many of `trials` succeed, each with probability `chance`; one draw.
 *
 * Example: 10 trials with chance 1 is 10, with chance 0 is 0.
 *
 * Source: V. Kachitvichyanukul and B. W. Schmeiser (1988), inversion; W. Hörmann, "The generation of
 * binomial random variates" (1993), algorithm BTRS.
 * Cost: one number and as many steps as succeed where few do, else about 1.2 pairs of numbers.
 */
export function binomial(random: Random, trials: number, chance: number): number {
  if (trials === 0 || chance <= 0) return 0;
  if (chance >= 1) return trials;
  if (chance > 0.5) return trials - binomial(random, trials, 1 - chance);
  return trials * chance < INVERSION_MEAN_MAX
    ? byInversion(random, trials, chance)
    : byRejection(random, trials, chance);
}

function byInversion(random: Random, trials: number, chance: number): number {
  const odds = chance / (1 - chance);
  let probability = (1 - chance) ** trials;
  let left = random();
  let successes = 0;
  while (left > probability && successes < trials) {
    left -= probability;
    successes += 1;
    probability *= (odds * (trials - successes + 1)) / successes;
  }
  return successes;
}

function byRejection(random: Random, trials: number, chance: number): number {
  const odds = chance / (1 - chance);
  const deviation = Math.sqrt(trials * chance * (1 - chance));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * chance;
  const c = trials * chance + 0.5;
  const accept = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((trials + 1) * chance);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const us = 0.5 - Math.abs(u);
    const successes = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= accept) return successes;
    if (!(successes >= 0 && successes <= trials)) continue;
    const height = Math.log((v * alpha) / (a / (us * us) + b));
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (trials - mode + 1))) +
      (trials + 1) * Math.log((trials - mode + 1) / (trials - successes + 1)) +
      (successes + 0.5) * Math.log((odds * (trials - successes + 1)) / (successes + 1)) +
      stirlingTail(mode) +
      stirlingTail(trials - mode) -
      stirlingTail(successes) -
      stirlingTail(trials - successes);
    if (height <= bound) return successes;
  }
}

/** log(k!) less Stirling's ½·log(2π) + (k + ½)·log(k + 1) − (k + 1). */
const STIRLING_TAILS = Float64Array.from({ length: 10 }, (_, k) => {
  let logFactorial = 0;
  for (let i = 2; i <= k; i += 1) logFactorial += Math.log(i);
  return logFactorial - (0.5 * Math.log(2 * Math.PI) + (k + 0.5) * Math.log(k + 1) - (k + 1));
});

function stirlingTail(k: number): number {
  const known = STIRLING_TAILS[k];
  if (known !== undefined) return known;
  const inverse = 1 / (k + 1);
  const squared = inverse * inverse;
  return (1 / 12 - (1 / 360 - squared / 1260) * squared) * inverse;
}
