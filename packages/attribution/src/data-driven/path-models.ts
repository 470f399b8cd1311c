import { inverseJ } from "../models/inverse-j.ts";
import { jShaped } from "../models/j-shaped.ts";
import type { PathModel } from "./credits.ts";
import { fractribution } from "./fractribution.ts";
import { markov } from "./markov/markov.ts";
import { pathRule } from "./path-rule.ts";
import type { PathTable } from "./path-table.ts";
import { shapleyRate } from "./shapley/shapley-rate.ts";
import { shapley } from "./shapley/shapley.ts";

const MAKERS = {
  markov: (table: PathTable) => markov(table, { order: 1 }),
  markov_2: (table: PathTable) => markov(table, { order: 2 }),
  markov_3: (table: PathTable) => markov(table, { order: 3 }),
  markov_4: (table: PathTable) => markov(table, { order: 4 }),
  shapley: (table: PathTable) => shapley(table),
  shapley_rate: (table: PathTable) => shapleyRate(table),
  fractribution: (table: PathTable) => fractribution(table),
  j_shaped: (table: PathTable) => pathRule(table, jShaped),
  inverse_j: (table: PathTable) => pathRule(table, inverseJ),
} as const;

/** A model that is computed over all journeys together, or at least needs no more than the order of their touches. */
export type PathModelName = keyof typeof MAKERS;

export const PATH_MODEL_NAMES = [
  "markov",
  "markov_2",
  "markov_3",
  "markov_4",
  "shapley",
  "shapley_rate",
  "fractribution",
  "j_shaped",
  "inverse_j",
] as const satisfies readonly PathModelName[];

/**
 * Makes a model ready for the paths of a table. `markov` is the removal effect of order 1, `markov_k` of order k.
 * @throws AttributionError as the model's own function, see there
 */
export function pathModel(name: PathModelName, table: PathTable): PathModel {
  return MAKERS[name](table);
}
