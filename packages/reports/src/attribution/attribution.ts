import type { Names } from "@tributary/attribution";
import {
  attributionReport,
  conversionDimensionsOf,
  openJourneys,
  readPurchases,
  readTouches,
  rowsOfGroups,
  touchDimensionsOf,
  totalsOfGroups,
  type AttributionRow,
  type AttributionTotals,
  type ConvertingPath,
  type FactsQuestion,
  type OpenPath,
  type WarehouseEngine,
} from "@tributary/warehouse";
import type { AnsweredTimes } from "../answers/fields.ts";
import { spelled, type Spelling } from "../answers/spellings.ts";
import { compareWith, type ComparedRow } from "./compared-rows.ts";
import type { RecomputeTask, TouchesTask } from "../compute/facts-computer.ts";
import { longestWindowMs, namedRules, touchColumns } from "../question/journey-rules.ts";
import { ReportsError } from "../errors.ts";
import type { PathCredits, PathCreditsTask } from "../compute/path-credits.ts";
import {
  comparisonsOf,
  removalOf,
  rowsOfCredits,
  tabulateJourneys,
  taskOf,
  type Comparison,
  type PathModelRow,
  type Removal,
} from "./path-rows.ts";
import {
  isPathModel,
  isStreamedModel,
  type AttributionQuestion,
  type ReportSource,
} from "../question/question.ts";
import { isJourneyModel, type Recomputed } from "../compute/recompute.ts";
import { shownRules, type ShownRules } from "../question/shown-rules.ts";
import { configuredRules, type ReportSettings } from "../question/settings.ts";
import { ownTouchTexts } from "../compute/touch-text.ts";

/** The answer to a question of attribution. */
export interface Attribution extends AnsweredTimes {
  readonly source: ReportSource;
  readonly rules: ShownRules;
  readonly rows: readonly (AttributionRow | PathModelRow | ComparedRow)[];
  /** Where a confidence was asked for: neighbours in each model's order. */
  readonly comparisons?: readonly Comparison[];
  readonly totals: AttributionTotals;
  /** Names that the rows have in several spellings. */
  readonly spellings?: readonly Spelling[];
  /** Of Markov models, in the order of the question. */
  readonly removalEffects?: readonly Removal[];
  /** Totals of the report that this one is compared with. */
  readonly totalsBefore?: AttributionTotals;
}

/** An answer, and the time up to which it holds everything accepted, ms since 1970; 0 where that is not known. */
export interface CompleteAttribution extends Attribution {
  readonly completeUpTo: number;
}

/** Computes models and recomputations; the service does it on a thread of its own. */
export interface Computer {
  /** @throws ReportsError */
  credit(task: PathCreditsTask): Promise<PathCredits>;
  /** Takes touchpoints ahead of their recomputation. @throws ReportsError */
  takeTouches(task: TouchesTask): Promise<void>;
  /** @returns undefined where the computer lacks the task's facts @throws ReportsError */
  recompute(task: RecomputeTask): Promise<Recomputed | undefined>;
}

/** What an answer is computed from. */
export interface AttributionParts {
  readonly engine: WarehouseEngine;
  readonly computer: Computer;
  readonly settings: ReportSettings;
}

type Asked = AttributionQuestion & { readonly tenant: string };

/** A constant seed gives the same question the same intervals. */
const SEED = 1;
const REPLICATES = 200;

/**
 * Answers a question of attribution. Rule-based models come from the workers' credits, or from the facts where the question
 * changes the rules or asks for a model that the workers do not credit. Models over paths come from the journeys of the same
 * source. All models see the same conversions, so that each model's rows sum to the totals.
 * @throws WarehouseError as attributionReport and readTouches, ReportsError as the computer
 */
export async function answerAttribution(
  parts: AttributionParts,
  question: Asked,
): Promise<Attribution> {
  const report = await answerOne(parts, question);
  if (!question.against) return report;
  const before = await answerOne(parts, asItIs(question, parts.settings));
  const { rows, totals: totalsBefore } = before;
  return { ...report, rows: compareWith(report.rows, rows, modelNames(question)), totalsBefore };
}

/** The question without what it changes. */
function asItIs(question: Asked, settings: ReportSettings): Asked {
  const { models, custom, rules } = question;
  const needsFacts = custom.length > 0 || models.includes("w_shaped");
  return {
    ...question,
    rules: { ...configuredRules(settings), lead: rules.lead },
    paths: { ...question.paths, transform: "unique", confidence: undefined },
    source: needsFacts ? "facts" : "streamed",
    against: false,
  };
}

function modelNames({ models, custom }: Asked): readonly string[] {
  return [...models, ...custom.map(({ name }) => name)];
}

/** Rows of rule-based models, and the conversions behind them. */
interface Credited {
  readonly rows: readonly AttributionRow[];
  readonly totals: AttributionTotals;
  readonly paths: readonly ConvertingPath[];
  readonly leftOutTouchpoints?: number;
}

async function answerOne(parts: AttributionParts, asked: Asked): Promise<Attribution> {
  const names = parts.settings.channels?.names;
  const question = { ...asked, rules: namedRules(asked.rules, names) };
  const { timeZone, from, to, asOf, source, rules, paths } = question;
  const pathModels = question.models.filter(isPathModel);
  const credited =
    source === "facts"
      ? await creditFacts(parts, question, pathModels.length > 0)
      : await creditStreamed(parts, question, pathModels.length > 0);
  const { rows, comparisons, removals } = await creditPathModels(parts, question, credited);
  return {
    timeZone,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { asOf }),
    source,
    rules: shownRules(rules, paths.transform, credited.leftOutTouchpoints),
    rows,
    ...(paths.confidence === undefined ? {} : { comparisons }),
    ...(removals.length === 0 ? {} : { removalEffects: removals }),
    totals: credited.totals,
    ...spelled(rows, question.by),
  };
}

async function creditStreamed(
  { engine, settings }: AttributionParts,
  question: Asked,
  withPaths: boolean,
): Promise<Credited> {
  const models = question.models.filter(isStreamedModel);
  const names = settings.channels?.names;
  const asked = { ...question, models, withPaths, names };
  const { report, paths } = await attributionReport(engine, asked);
  return { ...report, paths };
}

async function creditFacts(
  parts: AttributionParts,
  question: Asked,
  withPaths: boolean,
): Promise<Credited> {
  const { engine, computer, settings } = parts;
  const { by, from, to, asOf, rules, paths, custom, tenant, timeZone } = question;
  const models = question.models.filter((name) => isJourneyModel(name) && !isPathModel(name));
  const touchDimensions = touchColumns(rules, by);
  const lead = models.includes("w_shaped") ? rules.lead : undefined;
  // At least the workers' windows: the next question about the same time then finds the facts kept.
  const windowMs =
    from === undefined
      ? 0
      : Math.max(longestWindowMs(rules), longestWindowMs(configuredRules(settings)));
  const conversionDimensions = conversionDimensionsOf(by);
  const facts = {
    tenant,
    from,
    to,
    asOf,
    timeZone,
    touchDimensions,
    windowMs,
    lead,
    ownTouches: rules.conversionTouch,
    by: conversionDimensions,
    names: settings.channels?.names,
  };
  const dataVersion = await engine.dataVersion();
  const task: RecomputeTask = {
    kind: "recompute",
    key: JSON.stringify([facts, dataVersion]),
    purchases: undefined,
    reading: {
      conversionDimensions: conversionDimensions.length,
      ownTouches: rules.conversionTouch ? { channels: settings.channels?.settings } : undefined,
    },
    spec: {
      models: [...models.filter(isJourneyModel), ...custom],
      touchDimensions: touchDimensionsOf(by),
      from: from ?? -Infinity,
      to: to ?? Infinity,
      rules,
      transform: paths.transform,
      withPaths,
    },
  };
  const recomputed =
    (await computer.recompute(task)) ?? (await readAndRecompute(parts, facts, task));
  const { groups, totals, leftOutTouchpoints } = recomputed;
  return {
    rows: rowsOfGroups(groups, modelNames(question), by),
    totals: totalsOfGroups(totals),
    paths: recomputed.paths,
    ...(rules.leaveOut.length === 0 ? {} : { leftOutTouchpoints }),
  };
}

/** Reads of the facts, again where other questions' facts displaced them in the thread. */
const MAX_READS = 4;

async function readAndRecompute(
  { engine, computer }: AttributionParts,
  facts: FactsQuestion,
  task: RecomputeTask,
): Promise<Recomputed> {
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const touches = await readTouches(engine, facts);
    const { key } = task;
    const dimensions = facts.touchDimensions;
    const taken = computer.takeTouches({ kind: "touches", key, touches, dimensions });
    // Waits for both, so that a failure of either is seen.
    const [purchases] = await Promise.all([readPurchases(engine, facts), taken]);
    const recomputed = await computer.recompute({ ...task, purchases });
    if (recomputed !== undefined) return recomputed;
  }
  throw new ReportsError("unavailable", "too many reports are being computed; ask again");
}

/** Rows of all models in the order asked for; computes the models over paths. */
async function creditPathModels(
  { engine, computer, settings }: AttributionParts,
  question: Asked,
  credited: Credited,
): Promise<{
  rows: readonly (AttributionRow | PathModelRow)[];
  comparisons: readonly Comparison[];
  removals: readonly Removal[];
}> {
  const pathModels = question.models.filter(isPathModel);
  if (pathModels.length === 0) return { rows: credited.rows, comparisons: [], removals: [] };
  const { by, paths } = question;
  const { confidence } = paths;
  const names = settings.channels?.names;
  const open =
    paths.nonConverting === "none" ? [] : await openPathsOf(engine, { ...question, names });
  const journeys = tabulateJourneys(credited.paths, open, by, paths.transform);
  const resampling =
    confidence === undefined ? undefined : { confidence, replicates: REPLICATES, seed: SEED };
  const rows = new Map<string, readonly (AttributionRow | PathModelRow)[]>(
    modelNames(question).map((model) => [
      model,
      credited.rows.filter((row) => row.model === model),
    ]),
  );
  const comparisons: Comparison[] = [];
  const removals: Removal[] = [];
  for (const model of pathModels) {
    const credits = await computer.credit(taskOf(journeys, model, resampling));
    rows.set(model, rowsOfCredits(journeys, model, credits));
    comparisons.push(...comparisonsOf(journeys, model, credits));
    const removal = removalOf(journeys, model, credits);
    if (removal !== undefined) removals.push(removal);
  }
  const inOrder = modelNames(question).flatMap((model) => rows.get(model) ?? []);
  return { rows: inOrder, comparisons, removals };
}

async function openPathsOf(
  engine: WarehouseEngine,
  question: Asked & { readonly names: Names | undefined },
): Promise<readonly OpenPath[]> {
  const { rules, source, by, paths } = question;
  const tails = paths.nonConverting === "tails";
  const open = await openJourneys(engine, { ...question, ...rules, tails });
  if (source === "streamed") return open;
  const known = new Map<string, string>();
  const count = touchDimensionsOf(by).length;
  return open.map(({ path, journeys }) => ({ path: ownTouchTexts(path, count, known), journeys }));
}
