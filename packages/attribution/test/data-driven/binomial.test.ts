import { expect, test } from "vitest";
import { binomial } from "../../src/data-driven/binomial.ts";
import { seededRandom } from "../../src/data-driven/seeded-random.ts";

test("worked example: chance 1 is all, chance 0 is none", () => {
  const random = seededRandom(1);
  expect([binomial(random, 10, 1), binomial(random, 10, 0), binomial(random, 0, 0.5)]).toEqual([
    10, 0, 0,
  ]);
});

/** Probabilities of 0 … trials successes. */
function distribution(trials: number, chance: number): number[] {
  const probabilities = [(1 - chance) ** trials];
  for (let k = 1; k <= trials; k += 1) {
    const before = probabilities[k - 1] ?? 0;
    probabilities.push((before * (trials - k + 1) * chance) / (k * (1 - chance)));
  }
  return probabilities;
}

test.each([
  [1, 0.3],
  [12, 0.05],
  [40, 0.2],
  [40, 0.5],
  [60, 0.9],
  [300, 0.04],
  [400, 0.25],
])("%i trials of %d are drawn as often as they should be (chi-squared)", (trials, chance) => {
  const random = seededRandom(trials);
  const draws = 100_000;
  const seen = new Float64Array(trials + 1);
  for (let i = 0; i < draws; i += 1) {
    const successes = binomial(random, trials, chance);
    seen[successes] = (seen[successes] ?? 0) + 1;
  }
  let squares = 0;
  let cells = 0;
  let restSeen = draws;
  let restExpected = draws;
  for (const [k, probability] of distribution(trials, chance).entries()) {
    const expected = draws * probability;
    if (expected < 10) continue;
    squares += ((seen[k] ?? 0) - expected) ** 2 / expected;
    restSeen -= seen[k] ?? 0;
    restExpected -= expected;
    cells += 1;
  }
  if (restExpected > 1) squares += (restSeen - restExpected) ** 2 / restExpected;
  // The mean of chi-squared is its degrees of freedom, its variance twice that: four deviations above.
  expect(squares).toBeLessThan(cells + 4 * Math.sqrt(2 * cells) + 4);
});

test("large counts have their mean and variance", () => {
  const random = seededRandom(9);
  const draws = Float64Array.from({ length: 20_000 }, () => binomial(random, 2_000_000, 0.3));
  const mean = draws.reduce((sum, draw) => sum + draw) / draws.length;
  const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
  expect(Math.abs(mean - 600_000)).toBeLessThan(20);
  expect(variance / 420_000).toBeCloseTo(1, 1);
});
