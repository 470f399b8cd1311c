import { z } from "zod";

/** An environment as `process.env` gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that does not hold what it should. Terminal: the service must not start. */
export class EnvironmentError extends Error {
  readonly code = "config_invalid";
  /** Name of the variable. */
  readonly variable: string;

  /** @param message what was expected; never what the variable held, where that may be a secret */
  constructor(variable: string, message: string) {
    super(`${variable}: ${message}`);
    this.name = "EnvironmentError";
    this.variable = variable;
  }
}

/** A text variable. Empty means unset. */
export function text(otherwise: string) {
  return z
    .string()
    .optional()
    .transform((value) => (value === undefined || value.trim() === "" ? otherwise : value.trim()));
}

/** A variable that is a whole number within bounds, both included. Empty means unset. */
export function wholeNumber(least: number, most: number, otherwise: number) {
  return text(String(otherwise)).transform((value, context) => {
    const number = Number(value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    const expected = `expected a whole number from ${least} to ${most}`;
    const message = `${expected}, got ${JSON.stringify(value.slice(0, 64))}`;
    context.issues.push({ code: "custom", input: value, message });
    return z.NEVER;
  });
}

/**
 * Reads an environment by a schema of {@link text} and {@link wholeNumber}, with what each variable means.
 * @throws EnvironmentError for the first variable that does not hold what it should
 */
export function readEnvironment<T extends z.ZodType>(schema: T, env: Environment): z.output<T> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new EnvironmentError(
    String(issue?.path[0] ?? "environment"),
    issue?.message ?? "not usable",
  );
}
