import { TelemetryError } from "./errors.ts";
import { redactText, redactUrl } from "./redact.ts";

/** An environment as `process.env` gives it. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Longest piece of a bad value that an error repeats, in characters. */
const SHOWN_CHARACTERS = 100;

/** The error that names a variable, what it holds and what it should hold. Credentials in `given` are taken out. */
export function invalidVariable(name: string, given: string, expected: string): TelemetryError {
  const shown = redactText(given).slice(0, SHOWN_CHARACTERS);
  return new TelemetryError("config_invalid", `${name} is "${shown}"; expected ${expected}`);
}

/** As {@link invalidVariable}, for variables whose whole value is a secret. */
export function invalidSecret(name: string, expected: string): TelemetryError {
  return new TelemetryError("config_invalid", `${name} (value not shown); expected ${expected}`);
}

/** The variable's text without surrounding blanks. Empty means unset, as the OpenTelemetry specification has it. */
export function readText(env: Env, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === undefined || text === "" ? undefined : text;
}

export interface NumberBounds {
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly integer: boolean;
}

/** The variable as a number within `bounds`. Throws {@link TelemetryError} `config_invalid`. */
export function readNumber(env: Env, name: string, bounds: NumberBounds): number | undefined {
  const text = readText(env, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  const usable = bounds.integer ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!usable || value < bounds.min || value > bounds.max) {
    const kind = bounds.integer ? "a whole number" : "a number";
    throw invalidVariable(name, text, `${kind} from ${bounds.min} to ${bounds.max}`);
  }
  return value;
}

/** The variable as one of `choices`, in any case. Throws {@link TelemetryError} `config_invalid`. */
export function readChoice<C extends string>(
  env: Env,
  name: string,
  choices: readonly C[],
): C | undefined {
  const text = readText(env, name);
  if (text === undefined) return undefined;
  const wanted = text.toLowerCase();
  const choice = choices.find((candidate) => candidate === wanted);
  if (choice === undefined) throw invalidVariable(name, text, `one of ${choices.join(", ")}`);
  return choice;
}

/** The variable as an http or https URL. Throws {@link TelemetryError} `config_invalid`. */
export function readHttpUrl(env: Env, name: string): URL | undefined {
  const text = readText(env, name);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw invalidVariable(name, redactUrl(text), "an http:// or https:// URL");
  }
  return url;
}

/**
 * The variable as `key=value,key=value`, values percent-encoded: the form that the OpenTelemetry
 * specification gives to headers and resource attributes. Throws {@link TelemetryError}
 * `config_invalid`, without the value: headers hold credentials.
 */
export function readPairs(env: Env, name: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {};
  for (const pair of (readText(env, name) ?? "").split(",")) {
    if (pair.trim() === "") continue;
    const equals = pair.indexOf("=");
    const key = pair.slice(0, Math.max(equals, 0)).trim();
    const value = decodePercent(pair.slice(equals + 1).trim());
    if (key === "" || value === undefined) {
      throw invalidSecret(name, "key=value pairs with commas between, values percent-encoded");
    }
    pairs[key] = value;
  }
  return pairs;
}

/** `text` with its percent escapes resolved, or undefined where they are broken. */
export function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
