import {
  MODEL_NAMES,
  PATH_MODEL_NAMES,
  PATH_TRANSFORMS,
  type CustomModel,
  type ModelName,
  type PathModelName,
  type PathTransform,
} from "@tributary/attribution";
import {
  ATTRIBUTION_DIMENSIONS,
  type AttributionQuestion as CreditsQuestion,
} from "@tributary/warehouse";
import { z } from "zod";
import { customModels } from "./custom-parameter.ts";
import type { JourneyRules } from "./journey-rules.ts";
import {
  flag,
  list,
  listOf,
  numberBetween,
  readParameters,
  refusal,
  refusals,
  refuse,
  text,
  type QuestionParameters,
} from "./parameters.ts";
import {
  asOf,
  dimensions,
  format,
  nonConverting,
  repeated,
  timeRange,
  timesOf,
  timeZone,
  type NonConverting,
  type ReportFormat,
} from "./report-parameters.ts";
import { changesRules, RULE_PARAMETERS, rulesOf } from "./rule-parameters.ts";
import { DEFAULT_REPORT_SETTINGS, type ReportSettings } from "./settings.ts";

/** A rule-based model that the workers do not credit. */
const ON_DEMAND_MODELS = ["w_shaped"] as const;
export type OnDemandModel = (typeof ON_DEMAND_MODELS)[number];
/** A model of a report by its name: rule-based, or over the paths of all journeys. */
export type ReportModel = ModelName | OnDemandModel | PathModelName;
const ALL_MODELS = "all";
const ASKABLE_MODELS = [
  ...MODEL_NAMES,
  ...ON_DEMAND_MODELS,
  ...PATH_MODEL_NAMES,
  ALL_MODELS,
] as const;

/** How models over paths see the journeys. */
export interface PathOptions {
  readonly transform: PathTransform;
  /** Which journeys that did not convert count as well. */
  readonly nonConverting: NonConverting;
  /** Of the interval around each credit, between 0 and 1; undefined for none. */
  readonly confidence?: number | undefined;
}

/** What a report is made from: the credits that the workers gave, or the facts, credited anew. */
export type ReportSource = "streamed" | "facts";

/** A question of attribution, but for its tenant. */
export interface AttributionQuestion extends Pick<CreditsQuestion, "by" | "from" | "to" | "asOf"> {
  /** In the order in which the answer has them, before the custom ones. */
  readonly models: readonly ReportModel[];
  readonly custom: readonly CustomModel[];
  /** IANA name. */
  readonly timeZone: string;
  readonly paths: PathOptions;
  readonly rules: JourneyRules;
  readonly source: ReportSource;
  /** Whether rows are compared with the report by the workers' rules. */
  readonly against: boolean;
}

/** A question that was understood. */
export interface ParsedQuestion {
  readonly question: AttributionQuestion;
  readonly format: ReportFormat;
}

const model = list(
  z
    .array(z.enum(ASKABLE_MODELS))
    .meta({ default: [ALL_MODELS] })
    .transform(readModels)
    .optional(),
)
  .describe(
    `models, separated by commas, or ${ALL_MODELS} that the workers credit; none where there are custom ones`,
  )
  .register(refusals, { code: "model_unknown", reason: "no such model" });

const PATH_PARAMETERS = {
  nonConverting,
  confidence: numberBetween(0.5, 0.999)
    .describe("intervals that hold a credit of a model over paths with this probability")
    .register(refusals, { code: "confidence_invalid" }),
};

/** What an attribution report may be asked. */
export const attributionParameters = z.strictObject({
  model,
  custom: customModels(ASKABLE_MODELS),
  by: dimensions(ATTRIBUTION_DIMENSIONS, "channel"),
  timeZone,
  ...timeRange,
  asOf,
  format,
  transform: text(z.enum(PATH_TRANSFORMS).default("unique")).describe(
    "how paths are simplified before they are credited",
  ),
  ...RULE_PARAMETERS,
  against: flag(false).describe(
    "whether rows say how they differ from the report without these changes",
  ),
  ...PATH_PARAMETERS,
});

/** What was asked of an attribution report. */
export type AskedAttribution = z.output<typeof attributionParameters>;

/**
 * Understands the question of an attribution report, see {@link attributionParameters}.
 * @param now the clock, ms since 1970
 * @throws ReportsError of status 400 that names the parameter, its value and the allowed values
 */
export function parseQuestion(
  given: QuestionParameters,
  now: number,
  settings: ReportSettings = DEFAULT_REPORT_SETTINGS,
): ParsedQuestion {
  const asked = readParameters(attributionParameters, given);
  return { question: questionOf(asked, given, now, settings), format: asked.format };
}

/**
 * The question that was asked.
 * @param given the parameters as text, for errors about those that no model asked for takes
 * @param now the clock, ms since 1970
 * @throws ReportsError of status 400, as {@link parseQuestion}
 */
export function questionOf(
  asked: AskedAttribution,
  given: QuestionParameters,
  now: number,
  settings: ReportSettings,
): AttributionQuestion {
  const { custom = [], transform, confidence } = asked;
  const { timeZone: zone = settings.timeZone } = asked;
  const models = asked.model ?? (custom.length > 0 ? [] : MODEL_NAMES);
  refuseUnused(given, models);
  const rules = rulesOf(asked, settings);
  const isChanged =
    changesRules(asked) || (transform !== "unique" && models.some((name) => !isPathModel(name)));
  const needsFacts = isChanged || custom.length > 0 || models.some(isOnDemand);
  if (asked.against && !isChanged) {
    const reason = "nothing is changed that the report could be compared with";
    throw refusal("parameter_unused", "against", reason, "true", Object.keys(RULE_PARAMETERS));
  }
  return {
    models,
    custom,
    by: asked.by,
    timeZone: zone,
    paths: { transform, nonConverting: asked.nonConverting, confidence },
    rules,
    source: needsFacts ? "facts" : "streamed",
    against: asked.against,
    ...timesOf(asked, now, zone),
  };
}

export function isPathModel(name: string): name is PathModelName {
  return PATH_MODEL_NAMES.some((known) => known === name);
}

export function isStreamedModel(name: string): name is ModelName {
  return MODEL_NAMES.some((known) => known === name);
}

function isOnDemand(name: string): name is OnDemandModel {
  return ON_DEMAND_MODELS.some((known) => known === name);
}

function readModels(
  given: readonly (typeof ASKABLE_MODELS)[number][],
  context: z.RefinementCtx,
): readonly ReportModel[] {
  if (given.length === 1 && given[0] === ALL_MODELS) return MODEL_NAMES;
  const allowed = ASKABLE_MODELS;
  const models = given.filter((name) => name !== ALL_MODELS);
  if (models.length < given.length) {
    const reason = `"${ALL_MODELS}" stands alone`;
    return refuse(context, { code: "model_unknown", reason, given: ALL_MODELS, allowed });
  }
  const again = repeated(models);
  if (again === undefined) return models;
  const reason = "each model once";
  return refuse(context, { code: "model_repeated", reason, given: again, allowed });
}

function refuseUnused(given: QuestionParameters, models: readonly ReportModel[]): void {
  const refuse = (field: string, reason: string, allowed: readonly string[]): void => {
    const [first] = listOf(given[field]);
    if (first !== undefined) throw refusal("parameter_unused", field, reason, first, allowed);
  };
  if (!models.some(isPathModel)) {
    const reason = "only models over paths take it; ask for one of them";
    for (const field of Object.keys(PATH_PARAMETERS)) refuse(field, reason, PATH_MODEL_NAMES);
  }
  if (!models.includes("time_decay")) {
    refuse("halfLife", "only time_decay takes it; ask for it", ["time_decay"]);
  }
  if (!models.includes("w_shaped")) {
    refuse("lead", "only w_shaped takes it; ask for it", ["w_shaped"]);
  }
}
