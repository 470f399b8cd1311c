import {
  MODEL_NAMES,
  PATH_MODEL_NAMES,
  PATH_TRANSFORMS,
  type ModelName,
  type PathModelName,
  type PathTransform,
} from "@tributary/attribution";
import type { AttributionQuestion as CreditsQuestion } from "@tributary/warehouse";
import {
  choice,
  flag,
  listOf,
  numberBetween,
  readParameters,
  refusal,
  type Parameter,
  type QuestionParameters,
} from "./parameters.ts";
import { asOf, by, format, timeRange, timesOf, type ReportFormat } from "./report-parameters.ts";

/** A model of a report: rule-based, or over the paths of all journeys. */
export type ReportModel = ModelName | PathModelName;
const REPORT_MODELS: readonly ReportModel[] = [...MODEL_NAMES, ...PATH_MODEL_NAMES];

/** How models over paths see the journeys. */
export interface PathOptions {
  readonly transform: PathTransform;
  /** Whether journeys that did not convert count as well. */
  readonly nonConverting: boolean;
  /** Of the interval around each credit, between 0 and 1; undefined for none. */
  readonly confidence?: number | undefined;
}

/** A question of attribution, but for its tenant. */
export interface AttributionQuestion extends Pick<CreditsQuestion, "by" | "from" | "to" | "asOf"> {
  /** In the order in which the answer has them. */
  readonly models: readonly ReportModel[];
  readonly paths: PathOptions;
}

/** A question that was understood. */
export interface ParsedQuestion {
  readonly question: AttributionQuestion;
  readonly format: ReportFormat;
}

const ALL_MODELS = "all";

const model: Parameter<readonly ReportModel[]> = {
  description: `models, separated by commas, or ${ALL_MODELS} of the rule-based ones`,
  schema: {
    type: "array",
    items: { type: "string", enum: [...REPORT_MODELS, ALL_MODELS] },
    default: [ALL_MODELS],
  },
  read: (value, field) => readModels(field, listOf(value)),
};

const PATH_PARAMETERS = {
  transform: choice("how models over paths simplify them", PATH_TRANSFORMS, "unique"),
  nonConverting: flag("whether models over paths see journeys that did not convert", true),
  confidence: numberBetween(
    "intervals that hold a credit of a model over paths with this probability",
    [0.5, 0.999],
    undefined,
    { code: "confidence_invalid" },
  ),
};

/** What an attribution report may be asked. */
export const ATTRIBUTION_PARAMETERS = { model, by, ...timeRange, asOf, format, ...PATH_PARAMETERS };

/**
 * Understands the question of an attribution report, see {@link ATTRIBUTION_PARAMETERS}.
 * @param now the clock, ms since 1970
 * @throws ReportsError of status 400 that names the parameter, what it held and what is allowed
 */
export function parseQuestion(parameters: QuestionParameters, now: number): ParsedQuestion {
  const asked = readParameters(ATTRIBUTION_PARAMETERS, parameters, now);
  refuseUnusedPathParameters(parameters, asked.model);
  const { transform, nonConverting, confidence } = asked;
  return {
    question: {
      models: asked.model,
      by: asked.by,
      paths: { transform, nonConverting, confidence },
      ...timesOf(asked),
    },
    format: asked.format,
  };
}

function readModels(field: string, given: readonly string[]): readonly ReportModel[] {
  if (given.length === 0 || (given.length === 1 && given[0] === ALL_MODELS)) return MODEL_NAMES;
  const models: ReportModel[] = [];
  for (const name of given) {
    const known = REPORT_MODELS.find((candidate) => candidate === name);
    const allowed = [...REPORT_MODELS, ALL_MODELS];
    if (known === undefined) {
      const reason = name === ALL_MODELS ? `"all" stands alone` : "no such model";
      throw refusal("model_unknown", field, reason, name, allowed);
    }
    if (models.includes(known)) {
      throw refusal("model_repeated", field, "each model once", name, allowed);
    }
    models.push(known);
  }
  return models;
}

function refuseUnusedPathParameters(
  parameters: QuestionParameters,
  models: readonly ReportModel[],
): void {
  if (PATH_MODEL_NAMES.some((name) => models.includes(name))) return;
  for (const field of Object.keys(PATH_PARAMETERS)) {
    const [text] = listOf(parameters[field]);
    if (text === undefined) continue;
    const reason = "only models over paths take it; ask for one of them";
    throw refusal("parameter_unused", field, reason, text, PATH_MODEL_NAMES);
  }
}
