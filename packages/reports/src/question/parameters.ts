import { ReportsError, type ReportsErrorCode } from "../errors.ts";

/** Parameters as a query string or a command line gives them: text, or several texts where one was repeated. */
export type QuestionParameters = Readonly<Record<string, unknown>>;

/** A JSON Schema (draft 2020-12, as OpenAPI 3.1 has it). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One parameter of a question: how it is documented, and how it is understood. */
export interface Parameter<T> {
  readonly description: string;
  readonly schema: JsonSchema;
  /**
   * @param value as given, undefined where it was not
   * @param field its name, for errors
   * @param now the clock, ms since 1970
   * @throws ReportsError of status 400 that names the parameter, what it held and what is allowed
   */
  readonly read: (value: unknown, field: string, now: number) => T;
}

/** What a path may be asked, by the parameters' names. */
export type ParameterTable = Readonly<Record<string, Parameter<unknown>>>;
/** What was understood, by the parameters' names. */
export type ParameterValues<Table extends ParameterTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Parameter<infer T> ? T : never;
};

const SHOWN_CHARACTERS = 64;

/**
 * Understands the parameters of a question.
 * @param now the clock, ms since 1970
 * @throws ReportsError `parameter_unknown` for one that the table does not have, or as the parameters' own
 */
export function readParameters<Table extends ParameterTable>(
  table: Table,
  given: QuestionParameters,
  now: number,
): ParameterValues<Table> {
  const known = Object.keys(table);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw refusal("parameter_unknown", name, "no such parameter", undefined, known);
    }
  }
  const values = Object.entries(table).map(([name, { read }]) => [
    name,
    read(given[name], name, now),
  ]);
  return Object.fromEntries(values) as ParameterValues<Table>;
}

/** A list's names: commas and repetition both separate them. Empty text is as if it were not given. */
export function listOf(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .flatMap((text) => (typeof text === "string" ? text.split(",") : []))
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

/** The text of a parameter that is not a list. @throws ReportsError `parameter_repeated` */
export function single(field: string, value: unknown): string | undefined {
  if (Array.isArray(value)) {
    throw refusal("parameter_repeated", field, "expected once", value.map(String).join(" and "));
  }
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** One name of a closed list. */
export function choice<const Name extends string, const Absent extends Name | undefined>(
  description: string,
  allowed: readonly Name[],
  absent: Absent,
  { code = "choice_unknown", reason = "no such choice" }: ChoiceError = {},
): Parameter<Name | Absent> {
  return {
    description,
    schema: { type: "string", enum: allowed, ...(absent === undefined ? {} : { default: absent }) },
    read(value, field) {
      const text = single(field, value);
      if (text === undefined) return absent;
      const name = allowed.find((known) => known === text);
      if (name === undefined) throw refusal(code, field, reason, text, allowed);
      return name;
    },
  };
}

interface ChoiceError {
  readonly code?: ReportsErrorCode;
  readonly reason?: string;
}

/** `true` or `false`. */
export function flag(description: string, absent: boolean): Parameter<boolean> {
  const { read } = choice(description, ["true", "false"], absent ? "true" : "false");
  return {
    description,
    schema: { type: "boolean", default: absent },
    read: (value, field, now) => read(value, field, now) === "true",
  };
}

/** A number within bounds. @param code of the error where it is none */
export function numberBetween<Absent extends number | undefined>(
  description: string,
  [least, most]: readonly [least: number, most: number],
  absent: Absent,
  { whole = false, code = "number_invalid" }: { whole?: boolean; code?: ReportsErrorCode } = {},
): Parameter<number | Absent> {
  return {
    description,
    schema: {
      type: whole ? "integer" : "number",
      minimum: least,
      maximum: most,
      ...(absent === undefined ? {} : { default: absent }),
    },
    read(value, field) {
      const text = single(field, value);
      if (text === undefined) return absent;
      const number = Number(text);
      if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
      const reason = `expected a ${whole ? "whole " : ""}number from ${least} to ${most}`;
      throw refusal(code, field, reason, text);
    },
  };
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
  const list = allowed === undefined ? "" : `; allowed: ${allowed.join(", ")}`;
  return new ReportsError(code, `${field}: ${reason}${got}${list}`, {
    field,
    ...(shown === undefined ? {} : { given: shown }),
    ...(allowed === undefined ? {} : { allowed }),
  });
}
