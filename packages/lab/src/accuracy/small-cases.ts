import {
  markov,
  pathRule,
  shapley,
  shapleyRate,
  START,
  tabulatePaths,
  type PathRow,
  type PathTable,
} from "@tributary/attribution";
import { byChannel } from "./by-channel.ts";
import { CheckList, type Check } from "./checks.ts";
import { ruleOf } from "./path-data.ts";
import { splitPath, type Dp6Answers, type SmallAnswers } from "./reference-data.ts";

const TOLERANCE = 1e-9;

/**
 * The small published cases that share our definitions. Left out are simulated figures; the time decay by steps, the
 * decay by position and the Shapley value by order of DP6; and its test fixture, whose paths are not published.
 */
export function checkSmallCases(answers: SmallAnswers): readonly Check[] {
  return [
    ...checkChannelAttribution(answers),
    ...checkAnalyzecore(answers),
    ...checkMta(answers),
    ...checkDp6(answers),
  ];
}

function checkChannelAttribution(answers: SmallAnswers): readonly Check[] {
  const vignette =
    answers["cran ChannelAttribution v1.1 vignette (vignettes/vignette.docx @ae1b26f)"];
  const table = tabulatePaths(
    vignette.paths.map((path, i) =>
      row(splitPath(path, ">"), vignette.conversions[i] ?? Number.NaN, 0, 0),
    ),
  );
  const model = markov(table, { order: 1 });
  const list = new CheckList("ChannelAttribution", TOLERANCE);
  const { effects } = model.removalEffects(table);
  list.addEach("removal effect", vignette.removal_effects, byChannel(table, effects));
  const credits = model.credit(table);
  list.addEach("attributed", vignette.attributed, byChannel(table, credits.conversions));
  const { transition } = answers["jmwoloso/pychattr README (same paths, nsim=10000, seed 26)"];
  const pychattr = new CheckList("pychattr", TOLERANCE);
  pychattr.addEach("transition", transition, transitionsOf(table));
  return [...list.checks, ...pychattr.checks];
}

function checkAnalyzecore(answers: SmallAnswers): readonly Check[] {
  const stated = answers["analyzecore part 1 / JesseCastro/markovattribution test/test.js"];
  const table = tabulatePaths(
    stated.rows.map(({ path, conv, value, null: nulls }) =>
      row(splitPath(path, " > "), conv, value, nulls),
    ),
  );
  const model = markov(table, { order: 1 });
  const { conversionProbability, effects } = model.removalEffects(table);
  const credits = model.credit(table);
  const list = new CheckList("analyzecore", TOLERANCE);
  list.add("P(conversion)", stated.p_conv, conversionProbability);
  list.addEach("removal effect", stated.removal_effects, byChannel(table, effects));
  list.addEach("conversions", stated.conversions, byChannel(table, credits.conversions));
  list.addEach("value", stated.value, byChannel(table, credits.values));
  return list.checks;
}

function checkMta(answers: SmallAnswers): readonly Check[] {
  const stated = answers["eeghor/mta tests"];
  const list = new CheckList("eeghor/mta", TOLERANCE);
  const chain = tabulatePaths([row(["a", "b"], 3, 0, 1), row(["a", "c"], 1, 0, 1)]);
  const transitions = stated["markov transition: a>b conv3 null1; a>c conv1 null1"];
  list.addEach("transition", transitions, transitionsOf(chain));
  const two = tabulatePaths([row(["a"], 4, 0, 0), row(["a", "b"], 6, 0, 0)]);
  const ofTwo = byChannel(two, shapley(two).credit(two).conversions);
  list.addEach("shapley a:4, a>b:6", stated["shapley a:4, a>b:6"], ofTwo);
  const four = tabulatePaths([row(["a", "b", "c", "d"], 10, 0, 0)]);
  const { each } = stated["shapley a>b>c>d:10"];
  for (const [name, credit] of byChannel(four, shapley(four).credit(four).conversions)) {
    list.add(`shapley a>b>c>d:10: ${name}`, each, credit);
  }
  return list.checks;
}

function checkDp6(answers: SmallAnswers): readonly Check[] {
  const stated = answers["DP6 computed by running the library (test fixture + mini8 with nulls)"];
  const { j, conv, v } = stated.mini8_input;
  const journeys = (value: (i: number) => number): PathRow[] =>
    j.map((path, i) => {
      const converted = conv[i] === true;
      return row(
        splitPath(path, " > "),
        converted ? 1 : 0,
        converted ? value(i) : 0,
        converted ? 0 : 1,
      );
    });
  const ones = journeys(() => 1);
  const valued = journeys((i) => v[i] ?? Number.NaN);

  const list = new CheckList("DP6", TOLERANCE);
  const perJourney = stated.mini8_markov_frequency_1_per_journey;
  const table = tabulatePaths(ones);
  checkDp6Markov(list, table, "markov with nulls", {
    effects: perJourney.removal_effect,
    attributed: perJourney.attributed,
    transitions: perJourney.transition,
  });
  checkDp6Models(list, ones, "conversions", stated.mini8_conversion_value_int1);
  checkDp6Models(list, valued, "value", stated.mini8_conversion_value_col);
  return list.checks;
}

function checkDp6Models(
  list: CheckList,
  rows: readonly PathRow[],
  label: string,
  { models, markov_removal_effect: effects, markov_transition: transitions }: Dp6Answers,
): void {
  const table = tabulatePaths(rows);
  const rules = [
    ["first_touch", models.attribution_first_click_heuristic],
    ["last_touch", models.attribution_last_click_heuristic],
    ["last_non_direct", models.attribution_last_click_non_C_heuristic],
    ["linear", models.attribution_linear_heuristic],
    ["position_based", models["attribution_position_based_0.4_0.2_0.4_heuristic"]],
  ] as const;
  for (const [name, expected] of rules) {
    // In this case the channel C stands for direct.
    const credits = pathRule(table, ruleOf(name), (channel) => channel === "C").credit(table);
    list.addEach(`${name} ${label}`, expected, byChannel(table, credits.values));
  }
  const rates = shapleyRate(table).credit(table);
  list.addEach(
    `shapley rate ${label}`,
    models.attribution_shapley_size4_conv_rate_algorithmic,
    byChannel(table, rates.values),
  );
  // Without a frequency column DP6 weighs each converting path by its value, and omits the others.
  const weighed = tabulatePaths(
    rows
      .filter(({ conversions }) => conversions > 0)
      .map(({ path, value }) => row(Array.from(path, String), value, value, 0)),
  );
  checkDp6Markov(list, weighed, `markov ${label}`, {
    effects,
    transitions,
    attributed: models.attribution_markov_algorithmic,
  });
}

function checkDp6Markov(
  list: CheckList,
  table: PathTable,
  label: string,
  expected: {
    readonly effects: Readonly<Record<string, number>>;
    readonly attributed: Readonly<Record<string, number>>;
    readonly transitions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  },
): void {
  const model = markov(table, { order: 1 });
  const { effects } = model.removalEffects(table);
  list.addEach(`${label} removal effect`, expected.effects, byChannel(table, effects));
  const credits = model.credit(table);
  list.addEach(label, expected.attributed, byChannel(table, credits.conversions));
  const got = transitionsOf(table);
  for (const [from, row] of Object.entries(expected.transitions)) {
    if (from === "(conversion)" || from === "(null)") continue;
    for (const [to, probability] of Object.entries(row)) {
      const step = `${from}>${to}`.replace("(inicio)", "(start)").replace(">(inicio)", ">(start)");
      list.add(`${label} transition: ${step}`, probability, got.get(step) ?? 0);
    }
  }
}

/** Probabilities of the order-1 chain's steps, named as the sources do: `a>b`, `a>(conversion)`, `a>conv`. */
function transitionsOf(table: PathTable): ReadonlyMap<string, number> {
  const model = markov(table, { order: 1 });
  const { rowStarts, targets, stateChannels, stateCount } = model.chain;
  const { step, conversion } = model.probabilities(table);
  const nameOf = (state: number): string =>
    state === START ? "(start)" : (table.channels[stateChannels[state] ?? -1] ?? "");
  const transitions = new Map<string, number>();
  for (let state = 0; state < stateCount; state += 1) {
    const from = nameOf(state);
    let left = 1 - (conversion[state] ?? 0);
    for (let i = rowStarts[state] ?? 0; i < (rowStarts[state + 1] ?? 0); i += 1) {
      transitions.set(`${from}>${nameOf(targets[i] ?? 0)}`, step[i] ?? 0);
      left -= step[i] ?? 0;
    }
    transitions.set(`${from}>(conversion)`, conversion[state] ?? 0);
    transitions.set(`${from}>conv`, conversion[state] ?? 0);
    transitions.set(`${from}>(null)`, left);
  }
  return transitions;
}

function row(path: readonly string[], conversions: number, value: number, nulls: number): PathRow {
  return { path, conversions, value, nulls };
}
