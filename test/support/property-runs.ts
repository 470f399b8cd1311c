/**
 * How often properties are tried, and from which seed: the one place that reads it. `vitest.config.ts` takes the settings and
 * hands the seed to every test process.
 */
import { randomInt } from "node:crypto";
import fc from "fast-check";

const MAX_FACTOR = 10_000;
/** Runs of a property that says no number itself, before the factor: fast-check's own default. */
const DEFAULT_RUNS = 100;

export interface PropertySettings {
  /** By how much the runs of each property are multiplied. */
  readonly factor: number;
  /** Of the random values, of all properties. */
  readonly seed: number;
}

/**
 * Reads `TRIBUTARY_PROPERTY_RUNS` (a factor, default 1) and `TRIBUTARY_PROPERTY_SEED` (default: random).
 * @throws RangeError that names the variable, what was expected and what was given
 */
export function readPropertySettings(env: NodeJS.ProcessEnv): PropertySettings {
  return {
    factor: wholeNumber(env, "TRIBUTARY_PROPERTY_RUNS", 1, MAX_FACTOR) ?? 1,
    seed:
      wholeNumber(env, "TRIBUTARY_PROPERTY_SEED", -(2 ** 31), 2 ** 31 - 1) ?? randomInt(2 ** 31),
  };
}

const settings = readPropertySettings(process.env);

/** The runs of a property. @param usual in `npm test` */
export function runs(usual: number): number {
  return usual * settings.factor;
}

/** Gives every property of this process the seed, and more runs where they are asked for. */
export function configureProperties(): void {
  fc.configureGlobal({ seed: settings.seed, numRuns: runs(DEFAULT_RUNS) });
}

function wholeNumber(
  env: NodeJS.ProcessEnv,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = env[name]?.trim() ?? "";
  if (text === "") return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, got ${text}`);
}
