import {
  creditAll,
  DEFAULT_MODEL_OPTIONS,
  markov,
  MODEL_NAMES,
  pathRule,
  shapley,
  type MarkovOrder,
  type ModelName,
  type PathRule,
  type PathTable,
} from "@tributary/attribution";
import { CheckList, type Check } from "./checks.ts";
import { byChannel } from "./by-channel.ts";
import type { PathDataAnswers, ReferenceData } from "./reference-data.ts";
import { shapleyByDefinition } from "./shapley-by-definition.ts";

const TOLERANCE = 1e-9;

/** Rules, Markov of orders 1 to 3 and Shapley on the 10,000 rows of PathData. */
export function checkPathData({ table, expected }: ReferenceData["pathData"]): readonly Check[] {
  const list = new CheckList("PathData", TOLERANCE);
  const sum = (figures: Float64Array): number =>
    figures.reduce((total, figure) => total + figure, 0);
  list.add("conversions", expected.totals.conversions, sum(table.conversions));
  list.add("journeys without one", expected.totals.nulls, sum(table.nulls));
  list.add("value", expected.totals.value, sum(table.values));

  checkRule(list, table, "first_touch", expected.first);
  checkRule(list, table, "last_touch", expected.last);
  checkRule(list, table, "linear", expected.linear);
  checkRule(list, table, "position_based", expected.position_based_40_20_40);

  checkMarkov(list, table, 1, expected.markov_order_1, "markov 1");
  checkMarkov(list, table, 2, expected.markov_order_2, "markov 2");
  checkMarkov(list, table, 3, expected.markov_order_3, "markov 3");
  const converting = { ...table, nulls: new Float64Array(table.nulls.length) };
  const answer = expected.markov_order_1_converting_paths_only;
  checkMarkov(list, converting, 1, answer, "markov 1, conversions only");

  const credits = shapley(table).credit(table);
  const definition = shapleyByDefinition(table);
  list.addEach("shapley", definition, byChannel(table, credits.conversions));
  list.add("shapley total", expected.totals.conversions, sum(credits.conversions));
  list.add("shapley total value", expected.totals.value, sum(credits.values));
  return list.checks;
}

function checkRule(
  list: CheckList,
  table: PathTable,
  name: ModelName,
  expected: PathDataAnswers["first"],
): void {
  const credits = pathRule(table, ruleOf(name)).credit(table);
  list.addEach(name, expected.conversions, byChannel(table, credits.conversions));
  list.addEach(`${name} value`, expected.value, byChannel(table, credits.values));
}

/** One of the models that the stream computes together. */
export function ruleOf(name: ModelName): PathRule {
  return (path, weights, offset) => {
    const all = new Float64Array(MODEL_NAMES.length * path.length);
    creditAll(path, DEFAULT_MODEL_OPTIONS, all);
    const from = MODEL_NAMES.indexOf(name) * path.length;
    weights.set(all.subarray(from, from + path.length), offset);
  };
}

function checkMarkov(
  list: CheckList,
  table: PathTable,
  order: MarkovOrder,
  expected: PathDataAnswers["markov_order_1"],
  label: string,
): void {
  const model = markov(table, { order });
  const { conversionProbability, effects } = model.removalEffects(table);
  list.add(`${label} P(conversion)`, expected.p_conversion, conversionProbability);
  list.addEach(`${label} removal effect`, expected.removal_effect, byChannel(table, effects));
  list.addEach(label, expected.conversions, byChannel(table, model.credit(table).conversions));
}
