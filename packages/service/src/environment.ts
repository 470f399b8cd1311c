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

/** Variables that several services read, each declared once: a service's schema takes those that it reads. */
export const SHARED_SETTINGS = Object.freeze({
  REDIS_URL: text("redis://127.0.0.1:6379").describe(
    "Redis, or several nodes of a cluster separated by commas",
  ),
  TRIBUTARY_TENANTS_FILE: text("").describe(
    "JSON file of what tenants want otherwise; the same for gateways, workers and reports",
  ),
  TRIBUTARY_KNOWN_HOSTS: text("").describe(
    "names, beside localhost, under which a service that needs no key answers, separated by commas",
  ),
  TRIBUTARY_TRUSTED_PROXIES: text("").describe(
    "addresses and networks of proxies whose X-Forwarded headers are believed, separated by commas",
  ),
  TRIBUTARY_KEYS_REFRESH_MS: wholeNumber(50, 3_600_000, 1000).describe(
    "how often keys made by tributary keys are read anew, ms",
  ),
  TRIBUTARY_WAIT_REPLICAS: wholeNumber(0, 16, 0).describe(
    "replicas that must have a write before it is acknowledged: events, erasures, messages to another partition",
  ),
  TRIBUTARY_WAIT_TIMEOUT_MS: wholeNumber(1, 60_000, 1000).describe(
    "how long a write waits for the replicas, ms",
  ),
});

/** Where a service listens. @param port the usual one @param purpose of what listens there, where it is not the service itself */
export function listenSettings(port: number, purpose?: string) {
  const of = purpose === undefined ? "to listen on" : `of ${purpose}`;
  return {
    TRIBUTARY_HOST: text("127.0.0.1").describe(`address ${of}`),
    TRIBUTARY_PORT: wholeNumber(0, 65_535, port).describe(`port ${of}; 0 takes a free one`),
    TRIBUTARY_PORT_TRIES: wholeNumber(1, 1000, 1).describe(
      "ports tried, upward from TRIBUTARY_PORT, while they are taken",
    ),
    TRIBUTARY_INSTANCE_ID: text("").describe(
      "ID of the platform's start that the service belongs to, which /readyz repeats",
    ),
  };
}

/** How many partitions the platform has. @param most that there may be */
export function partitionSettings(most: number) {
  return {
    TRIBUTARY_PARTITIONS: wholeNumber(1, most, 16).describe(
      "partitions of the platform; the same for every process",
    ),
  };
}
