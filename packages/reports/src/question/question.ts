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
  CALENDAR_DIMENSIONS,
  type AttributionQuestion as CreditsQuestion,
} from "@tributary/warehouse";
import { canonicalTimeZone } from "@tributary/tenants";
import { customModels } from "./custom-parameter.ts";
import type { JourneyRules } from "./journey-rules.ts";
import {
  choice,
  flag,
  listOf,
  numberBetween,
  readParameters,
  refusal,
  single,
  type Parameter,
  type QuestionParameters,
} from "./parameters.ts";
import {
  asOf,
  dimensions,
  format,
  timeRange,
  timesOf,
  type ReportFormat,
} from "./report-parameters.ts";
import { changesRules, RULE_PARAMETERS, rulesOf } from "./rule-parameters.ts";
import { DEFAULT_REPORT_SETTINGS, type ReportSettings } from "./settings.ts";

/** A rule-based model that the workers do not credit. */
const ON_DEMAND_MODELS = ["w_shaped"] as const;
export type OnDemandModel = (typeof ON_DEMAND_MODELS)[number];
/** A model of a report by its name: rule-based, or over the paths of all journeys. */
export type ReportModel = ModelName | OnDemandModel | PathModelName;
const REPORT_MODELS: readonly ReportModel[] = [
  ...MODEL_NAMES,
  ...ON_DEMAND_MODELS,
  ...PATH_MODEL_NAMES,
];

/** How models over paths see the journeys. */
export interface PathOptions {
  readonly transform: PathTransform;
  /** Whether journeys that did not convert count as well. */
  readonly nonConverting: boolean;
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
  /** Whether rows say how they differ from the report as it is without what the question changes. */
  readonly against: boolean;
}

/** A question that was understood. */
export interface ParsedQuestion {
  readonly question: AttributionQuestion;
  readonly format: ReportFormat;
}

const ALL_MODELS = "all";

const model: Parameter<readonly ReportModel[] | undefined> = {
  description: `models, separated by commas, or ${ALL_MODELS} that the workers credit; none where there are custom ones`,
  schema: {
    type: "array",
    items: { type: "string", enum: [...REPORT_MODELS, ALL_MODELS] },
    default: [ALL_MODELS],
  },
  read: (value, field) => readModels(field, listOf(value)),
};

export const timeZone: Parameter<string | undefined> = {
  description: "of days, weeks and months: an IANA name; without it the tenant's, or UTC",
  schema: { type: "string", examples: ["Europe/Berlin"] },
  read(value, field) {
    const text = single(field, value);
    if (text === undefined) return undefined;
    const zone = canonicalTimeZone(text);
    if (zone !== undefined) return zone;
    const reason = "expected an IANA time zone, such as Europe/Berlin or UTC";
    throw refusal("time_zone_unknown", field, reason, text);
  },
};

const PATH_PARAMETERS = {
  nonConverting: flag("whether models over paths see journeys that did not convert", true),
  confidence: numberBetween(
    "intervals that hold a credit of a model over paths with this probability",
    [0.5, 0.999],
    undefined,
    { code: "confidence_invalid" },
  ),
};

/** What an attribution report may be asked. */
export const ATTRIBUTION_PARAMETERS = {
  model,
  custom: customModels([...REPORT_MODELS, ALL_MODELS]),
  by: dimensions(ATTRIBUTION_DIMENSIONS, "channel"),
  timeZone,
  ...timeRange,
  asOf,
  format,
  transform: choice("how paths are simplified before they are credited", PATH_TRANSFORMS, "unique"),
  ...RULE_PARAMETERS,
  against: flag("whether rows say how they differ from the report without these changes", false),
  ...PATH_PARAMETERS,
};

/**
 * Understands the question of an attribution report, see {@link ATTRIBUTION_PARAMETERS}.
 * @param now the clock, ms since 1970
 * @throws ReportsError of status 400 that names the parameter, what it held and what is allowed
 */
export function parseQuestion(
  parameters: QuestionParameters,
  now: number,
  settings: ReportSettings = DEFAULT_REPORT_SETTINGS,
): ParsedQuestion {
  const asked = readParameters(ATTRIBUTION_PARAMETERS, parameters, now);
  const { custom, transform, nonConverting, confidence } = asked;
  const models = asked.model ?? (custom.length > 0 ? [] : MODEL_NAMES);
  refuseUnused(parameters, models, asked.by);
  const rules = rulesOf(asked, settings);
  const isChanged =
    changesRules(asked) || (transform !== "unique" && models.some((name) => !isPathModel(name)));
  const needsFacts = isChanged || custom.length > 0 || models.some(isOnDemand);
  if (asked.against && !isChanged) {
    const reason = "nothing is changed that the report could be compared with";
    throw refusal("parameter_unused", "against", reason, "true", Object.keys(RULE_PARAMETERS));
  }
  return {
    question: {
      models,
      custom,
      by: asked.by,
      timeZone: asked.timeZone ?? settings.timeZone,
      paths: { transform, nonConverting, confidence },
      rules,
      source: needsFacts ? "facts" : "streamed",
      against: asked.against,
      ...timesOf(asked),
    },
    format: asked.format,
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

function readModels(field: string, given: readonly string[]): readonly ReportModel[] | undefined {
  if (given.length === 0) return undefined;
  if (given.length === 1 && given[0] === ALL_MODELS) return MODEL_NAMES;
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

function refuseUnused(
  parameters: QuestionParameters,
  models: readonly ReportModel[],
  by: readonly string[],
): void {
  const refuse = (field: string, reason: string, allowed: readonly string[]): void => {
    const [text] = listOf(parameters[field]);
    if (text !== undefined) throw refusal("parameter_unused", field, reason, text, allowed);
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
  if (!by.some((dimension) => CALENDAR_DIMENSIONS.some((known) => known === dimension))) {
    const reason = "only days, weeks and months depend on it; ask by one of them";
    refuse("timeZone", reason, CALENDAR_DIMENSIONS);
  }
}
