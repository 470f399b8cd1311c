/** Parameters as zod schemas: one schema gives validation, types and the API's description. */
import { z } from "zod";
import { ReportsError, type ReportsErrorCode } from "../errors.ts";

/** Parameters as a query string or a command line gives them: text, or several texts where one was repeated. */
export type QuestionParameters = Readonly<Record<string, unknown>>;

/** What a schema of parameters makes of them: their values, or the first refusal. */
export type ParameterResult<Schema extends z.ZodObject> =
  | { readonly value: z.output<Schema> }
  | { readonly error: ReportsError };

/** Why a parameter is refused. */
export interface Refusal {
  readonly code: ReportsErrorCode;
  readonly reason: string;
  readonly given?: string | undefined;
  readonly allowed?: readonly string[] | undefined;
}

/** Of parameters whose names or numbers zod refuses under another code than `choice_unknown` and `number_invalid`. */
export const refusals = z.registry<{ readonly code: ReportsErrorCode; readonly reason?: string }>();

/** Of a path that takes no parameters. */
export const NO_PARAMETERS = z.strictObject({});

/** Of a path that does not look at them. */
export const ANY_PARAMETERS = z.object({});

const SHOWN_CHARACTERS = 64;

/** Reads parameters; a refusal is of status 400 and names the parameter, what it held and what is allowed. */
export function parseParameters<Schema extends z.ZodObject>(
  schema: Schema,
  given: QuestionParameters,
): ParameterResult<Schema> {
  const { success, data, error } = schema.safeParse(given, { reportInput: true });
  return success ? { value: data } : { error: errorOf(schema, error.issues, given) };
}

/** As {@link parseParameters}. @throws ReportsError of status 400 */
export function readParameters<Schema extends z.ZodObject>(
  schema: Schema,
  given: QuestionParameters,
): z.output<Schema> {
  const result = parseParameters(schema, given);
  if ("error" in result) throw result.error;
  return result.value;
}

/** A parameter that is given once. Empty text counts as absent. */
export function text<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess(oneText, schema);
}

/** A parameter of several names: commas and repetition both separate them. An empty list counts as absent. */
export function list<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    const names = listOf(value);
    return names.length === 0 ? undefined : names;
  }, schema);
}

/** `true` or `false`. */
export function flag(absent: boolean) {
  const allowed = ["true", "false"];
  const boolean = z.preprocess((given: string | undefined, context) => {
    if (given === undefined) return undefined;
    if (allowed.includes(given)) return given === "true";
    return refuse(context, { code: "choice_unknown", reason: "no such choice", given, allowed });
  }, z.boolean().default(absent));
  return text(boolean);
}

/** A number within bounds; undefined where it is absent. */
export function numberBetween(least: number, most: number) {
  const error = `expected a number from ${least} to ${most}`;
  return text(
    z.preprocess(numberOf, z.number(error).min(least, error).max(most, error).optional()),
  );
}

/** A whole number within bounds. */
export function wholeBetween(least: number, most: number, absent: number) {
  const error = `expected a whole number from ${least} to ${most}`;
  const schema = z.int(error).min(least, error).max(most, error).default(absent);
  return text(z.preprocess(numberOf, schema));
}

/** A list's names: commas and repetition both separate them. */
export function listOf(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .flatMap((each) => (typeof each === "string" ? each.split(",") : []))
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/**
 * Refuses a value inside a schema's transform or check.
 * @param path of the part at fault, inside the value
 * @returns zod's mark of a value that is not there
 */
export function refuse(
  context: z.RefinementCtx,
  refusal: Refusal,
  path: readonly (string | number)[] = [],
): never {
  context.addIssue({ code: "custom", path: [...path], params: { ...refusal } });
  return z.NEVER;
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
  const choices = allowed === undefined ? "" : `; allowed: ${allowed.join(", ")}`;
  return new ReportsError(code, `${field}: ${reason}${got}${choices}`, {
    field,
    ...(shown === undefined ? {} : { given: shown }),
    ...(allowed === undefined ? {} : { allowed }),
  });
}

function oneText(value: unknown, context: z.RefinementCtx): string | undefined {
  if (Array.isArray(value)) {
    const given = value.map(String).join(" and ");
    return refuse(context, { code: "parameter_repeated", reason: "expected once", given });
  }
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

function numberOf(given: string | undefined): number | undefined {
  return given === undefined ? undefined : Number(given);
}

/** The first issue as an error; an unknown parameter goes before all others. */
function errorOf(
  { shape }: z.ZodObject,
  issues: readonly z.core.$ZodIssue[],
  given: QuestionParameters,
): ReportsError {
  const unknown = issues.find((issue) => issue.code === "unrecognized_keys");
  if (unknown !== undefined) {
    const [name = ""] = unknown.keys;
    const known = Object.keys(shape);
    return refusal("parameter_unknown", name, "no such parameter", undefined, known);
  }
  const [issue] = issues;
  if (issue === undefined) throw new Error("zod refused parameters without an issue");
  const name = String(issue.path[0]);
  if (issue.code === "custom") {
    const { code, reason, given: shown, allowed } = issue.params as Refusal;
    return refusal(code, pathText(issue.path), reason, shown, allowed);
  }
  const registered = refusals.get(shape[name] as z.ZodType);
  // A number is shown as it was given.
  const shown = typeof issue.input === "string" ? issue.input : String(given[name]).trim();
  return issue.code === "invalid_value"
    ? refusal(
        registered?.code ?? "choice_unknown",
        name,
        registered?.reason ?? "no such choice",
        shown,
        issue.values.map(String),
      )
    : refusal(registered?.code ?? "number_invalid", name, issue.message, shown);
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) =>
      typeof part === "number" ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`,
    )
    .join("");
}
