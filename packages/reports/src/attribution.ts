import { MODEL_NAMES, PATH_MODEL_NAMES } from "@tributary/attribution";
import {
  attributionReport,
  openJourneys,
  type AttributionReport,
  type AttributionRow,
  type WarehouseEngine,
} from "@tributary/warehouse";
import type { PathCredits, PathCreditsTask } from "./path-credits.ts";
import {
  comparisonsOf,
  rowsOfCredits,
  tabulateJourneys,
  taskOf,
  type Comparison,
  type PathModelRow,
} from "./path-rows.ts";
import type { AttributionQuestion } from "./question.ts";

/** What answers a question of attribution. */
export interface Attribution extends Omit<AttributionReport, "rows"> {
  readonly rows: readonly (AttributionRow | PathModelRow)[];
  /** Where a confidence was asked for: neighbours in each model's order. */
  readonly comparisons?: readonly Comparison[];
}

/** The same seed every time: who asks again gets the same intervals. */
const SEED = 1;
const REPLICATES = 200;

/**
 * Answers a question of attribution: rule-based models from the credits that the workers gave, models over paths from the
 * journeys. The conversions behind all of them are those of one scan, so that every model's rows sum to the totals.
 * @param credit computes a model over paths, on a thread of its own where others wait
 * @throws WarehouseError as attributionReport, ReportsError as `credit`
 */
export async function answerAttribution(
  engine: WarehouseEngine,
  question: AttributionQuestion & { readonly tenant: string },
  credit: (task: PathCreditsTask) => Promise<PathCredits>,
): Promise<Attribution> {
  const { models, by, paths: options } = question;
  const ruleModels = models.filter((name) => isOneOf(MODEL_NAMES, name));
  const pathModels = models.filter((name) => isOneOf(PATH_MODEL_NAMES, name));
  const withPaths = pathModels.length > 0;
  const { report, paths } = await attributionReport(engine, {
    ...question,
    models: ruleModels,
    withPaths,
  });
  if (!withPaths) return report;
  const open = options.nonConverting ? await openJourneys(engine, question) : [];
  const journeys = tabulateJourneys(paths, open, by, options.transform);
  const { confidence } = options;
  const resampling =
    confidence === undefined ? undefined : { confidence, replicates: REPLICATES, seed: SEED };
  const rows = new Map<string, readonly (AttributionRow | PathModelRow)[]>(
    ruleModels.map((model) => [model, report.rows.filter((row) => row.model === model)]),
  );
  const comparisons: Comparison[] = [];
  for (const model of pathModels) {
    const credits = await credit(taskOf(journeys, model, resampling));
    rows.set(model, rowsOfCredits(journeys, model, credits));
    comparisons.push(...comparisonsOf(journeys, model, credits));
  }
  return {
    ...report,
    rows: models.flatMap((model) => rows.get(model) ?? []),
    ...(confidence === undefined ? {} : { comparisons }),
  };
}

function isOneOf<Name extends string>(names: readonly Name[], name: string): name is Name {
  return names.some((known) => known === name);
}
