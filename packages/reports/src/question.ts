import {
  MODEL_NAMES,
  PATH_MODEL_NAMES,
  PATH_TRANSFORMS,
  type ModelName,
  type PathModelName,
  type PathTransform,
} from "@tributary/attribution";
import { EVENT_LIMITS, type DimensionField } from "@tributary/protocol";
import {
  MAX_REPORT_DIMENSIONS,
  REPORT_DIMENSIONS,
  type AttributionQuestion as CreditsQuestion,
} from "@tributary/warehouse";
import { ReportsError, type ReportsErrorCode } from "./errors.ts";

export const REPORT_FORMATS = ["json", "csv"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Parameters as a query string or a command line gives them: text, or several texts where one was repeated. */
export type QuestionParameters = Readonly<Record<string, unknown>>;

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

const PATH_PARAMETERS = ["transform", "nonConverting", "confidence"] as const;
const PARAMETERS = ["model", "by", "from", "to", "asOf", "format", ...PATH_PARAMETERS];
const MIN_CONFIDENCE = 0.5;
const MAX_CONFIDENCE = 0.999;
const ALL_MODELS = "all";
const DEFAULT_DIMENSION: DimensionField = "channel";
const SHOWN_CHARACTERS = 64;

/** A date, or a date and time; without an offset it is UTC. */
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const EPOCH_MS = /^\d{1,13}$/;
const TIME_EXPECTED =
  "expected an ISO 8601 date or date-time (UTC without an offset), or milliseconds since 1970";

/**
 * Understands the question of an attribution report: `model` (names, or `all`, the default), `by` (one or two
 * dimensions, default channel), `from` (inclusive) and `to` (exclusive) of the conversion's time, `asOf`, `format`; for
 * models over paths `transform`, `nonConverting` and `confidence`.
 * @param now the clock, ms since 1970
 * @throws ReportsError of status 400 that names the parameter, what it held and what is allowed
 */
export function parseQuestion(parameters: QuestionParameters, now: number): ParsedQuestion {
  refuseUnknown(parameters, PARAMETERS);
  const models = parseModels(listOf(parameters["model"]));
  const by = parseDimensions(listOf(parameters["by"]));
  const from = parseTime("from", single("from", parameters["from"]));
  const to = parseTime("to", single("to", parameters["to"]));
  if (from !== undefined && to !== undefined && from >= to) {
    const reason = `expected a time before "to" (${iso(to)})`;
    throw refusal("range_empty", "from", reason, iso(from));
  }
  const asOf = parseAsOf(parameters, now);
  const format = parseFormat(single("format", parameters["format"]));
  const paths = parsePathOptions(parameters, models);
  const times = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { asOf }),
  };
  return { question: { models, by, paths, ...times }, format };
}

/** Refuses parameters beyond the known ones. @throws ReportsError `parameter_unknown` */
export function refuseUnknown(parameters: QuestionParameters, known: readonly string[]): void {
  for (const name of Object.keys(parameters)) {
    if (!known.includes(name)) {
      throw refusal("parameter_unknown", name, "no such parameter", undefined, known);
    }
  }
}

/**
 * The time `asOf` whose knowledge is asked for, ms since 1970; undefined for today's.
 * @param now the clock, ms since 1970
 * @throws ReportsError `time_invalid`, or `time_in_future`: the answer to that can still change
 */
export function parseAsOf(parameters: QuestionParameters, now: number): number | undefined {
  const asOf = parseTime("asOf", single("asOf", parameters["asOf"]));
  if (asOf !== undefined && asOf > now) {
    const reason = `expected a time that has passed, it is ${iso(now)}`;
    throw refusal("time_in_future", "asOf", reason, iso(asOf));
  }
  return asOf;
}

function parseModels(given: readonly string[]): readonly ReportModel[] {
  if (given.length === 0 || (given.length === 1 && given[0] === ALL_MODELS)) return MODEL_NAMES;
  const models: ReportModel[] = [];
  for (const name of given) {
    const model = REPORT_MODELS.find((known) => known === name);
    const allowed = [...REPORT_MODELS, ALL_MODELS];
    if (model === undefined) {
      const reason = name === ALL_MODELS ? `"all" stands alone` : "no such model";
      throw refusal("model_unknown", "model", reason, name, allowed);
    }
    if (models.includes(model)) {
      throw refusal("model_repeated", "model", "each model once", name, allowed);
    }
    models.push(model);
  }
  return models;
}

function parsePathOptions(
  parameters: QuestionParameters,
  models: readonly ReportModel[],
): PathOptions {
  const isOverPaths = PATH_MODEL_NAMES.some((name) => models.includes(name));
  const textOf = (field: (typeof PATH_PARAMETERS)[number]): string | undefined => {
    const text = single(field, parameters[field]);
    if (text === undefined || isOverPaths) return text;
    const reason = "only models over paths take it; ask for one of them";
    throw refusal("parameter_unused", field, reason, text, PATH_MODEL_NAMES);
  };
  return {
    transform: oneOf("transform", textOf("transform"), PATH_TRANSFORMS) ?? "unique",
    nonConverting: oneOf("nonConverting", textOf("nonConverting"), ["true", "false"]) !== "false",
    confidence: parseConfidence(textOf("confidence")),
  };
}

function oneOf<Name extends string>(
  field: string,
  text: string | undefined,
  allowed: readonly Name[],
): Name | undefined {
  if (text === undefined) return undefined;
  const name = allowed.find((known) => known === text);
  if (name === undefined) throw refusal("choice_unknown", field, "no such choice", text, allowed);
  return name;
}

function parseConfidence(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const confidence = Number(text);
  if (confidence >= MIN_CONFIDENCE && confidence <= MAX_CONFIDENCE) return confidence;
  const reason = `expected a number from ${MIN_CONFIDENCE} to ${MAX_CONFIDENCE}`;
  throw refusal("confidence_invalid", "confidence", reason, text);
}

function parseDimensions(given: readonly string[]): readonly DimensionField[] {
  if (given.length === 0) return [DEFAULT_DIMENSION];
  const dimensions: DimensionField[] = [];
  for (const name of given) {
    const dimension = REPORT_DIMENSIONS.find((known) => known === name);
    if (dimension === undefined) {
      throw refusal("dimension_unknown", "by", "no such dimension", name, REPORT_DIMENSIONS);
    }
    if (dimensions.includes(dimension)) {
      throw refusal("dimension_repeated", "by", "each dimension once", name, REPORT_DIMENSIONS);
    }
    dimensions.push(dimension);
  }
  if (dimensions.length > MAX_REPORT_DIMENSIONS) {
    const reason = `expected at most ${MAX_REPORT_DIMENSIONS} dimensions, got ${dimensions.length}`;
    throw refusal("dimension_too_many", "by", reason, given.join(","), REPORT_DIMENSIONS);
  }
  return dimensions;
}

function parseTime(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (EPOCH_MS.test(text)) {
    const ms = Number(text);
    if (ms === 0 || ms >= EVENT_LIMITS.minTimeMs) return ms;
    throw refusal("time_invalid", field, `${TIME_EXPECTED}; this looks like seconds`, text);
  }
  const match = ISO_TIME.exec(text);
  const [, date = "", time, offset] = match ?? [];
  const ms = Date.parse(time === undefined || offset !== undefined ? text : `${text}Z`);
  // Date.parse carries 31 February over into March.
  const midnight = Date.parse(date);
  if (
    match === null ||
    Number.isNaN(ms) ||
    Number.isNaN(midnight) ||
    !iso(midnight).startsWith(date)
  ) {
    throw refusal("time_invalid", field, TIME_EXPECTED, text);
  }
  return ms;
}

function parseFormat(text: string | undefined): ReportFormat {
  if (text === undefined) return "json";
  const format = REPORT_FORMATS.find((known) => known === text);
  if (format === undefined) {
    throw refusal("format_unknown", "format", "no such format", text, REPORT_FORMATS);
  }
  return format;
}

/** A list's names: commas and repetition both separate them. Empty text is as if it were not given. */
function listOf(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .flatMap((text) => (typeof text === "string" ? text.split(",") : []))
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

/** @throws ReportsError `parameter_repeated` */
export function single(field: string, value: unknown): string | undefined {
  if (Array.isArray(value)) {
    throw refusal("parameter_repeated", field, "expected once", value.map(String).join(" and "));
  }
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** An error about one parameter. */
export function refusal(
  code: ReportsErrorCode,
  field: string,
  reason: string,
  given?: string,
  allowed?: readonly string[],
): ReportsError {
  const shown = given?.slice(0, SHOWN_CHARACTERS);
  const got = shown === undefined ? "" : `, got "${shown}"`;
  const choice = allowed === undefined ? "" : `; allowed: ${allowed.join(", ")}`;
  return new ReportsError(code, `${field}: ${reason}${got}${choice}`, {
    field,
    ...(shown === undefined ? {} : { given: shown }),
    ...(allowed === undefined ? {} : { allowed }),
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
