import { DIMENSION_FIELDS, EVENT_LIMITS } from "@tributary/protocol";
import { z } from "zod";
import {
  AFTER_CONVERSION,
  DEFAULT_LEAD,
  type JourneyRules,
  type LeftOut,
  type Windows,
} from "./journey-rules.ts";
import { flag, listOf, refusal, refusals, refuse, text } from "./parameters.ts";
import { configuredRules, type ReportSettings } from "./settings.ts";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const UNIT_NAMES = Object.keys(UNITS);
const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;
const DURATION_EXPECTED = "expected a whole number and its unit, such as 30d or 12h";
/** Parts of a list that a question may hold. */
const MAX_PARTS = 100;

/** Stands for a window without a bound. */
const NO_WINDOW = "none";

/** A duration, ms; how long it may be is checked where the settings are known. @param leastMs shorter ones are refused */
function duration(description: string, leastMs: number) {
  const schema = z
    .string()
    .meta({ pattern: DURATION.source, examples: ["30d", "12h"] })
    .transform((given, context) => readDuration(given, context, leastMs))
    .optional();
  return text(schema).describe(`${description}: a whole number with ms, s, m, h or d`);
}

/** A window, ms; Infinity where it has no bound. */
function window(description: string) {
  const schema = z
    .string()
    .meta({ pattern: `${DURATION.source}|^${NO_WINDOW}$`, examples: ["30d", "12h", NO_WINDOW] })
    .transform(readWindow)
    .optional();
  const form = `a whole number with ms, s, m, h or d, or ${NO_WINDOW} for any age`;
  return text(schema).describe(`${description}: ${form}`);
}

const leaveOut = parts(["channel:email"], (given, context) =>
  given.map((part) => readLeftOut(part, context)),
).describe(
  "what if these touchpoints did not exist: dimension:value, several with commas (one in a value is written \\,)",
);

const windows = parts(["purchase:30d", "lead:7d"], readWindows).describe(
  "windows of conversions by their name, instead of window: name:30d or name:none, several with commas",
);

const lead = text(
  z
    .string()
    .max(EVENT_LIMITS.nameBytes, `expected at most ${EVENT_LIMITS.nameBytes} characters`)
    .meta({ default: DEFAULT_LEAD })
    .optional(),
)
  .describe("name of the conversions or custom events that make a user a lead, for w_shaped")
  .register(refusals, { code: "choice_unknown" });

/** Rules that a question may change. */
export const RULE_PARAMETERS = {
  window: window("how long before a conversion a touchpoint counts"),
  clickWindow: window("of clicks and visits, instead of window and windows"),
  viewWindow: window("of impressions, instead of window and windows"),
  windows,
  viewThrough: flag(true).describe("whether impressions count"),
  clickBeatsImpression: flag(false).describe(
    "whether a path that has a click loses its impressions",
  ),
  leaveOut,
  conversionTouch: flag(false).describe(
    "whether a conversion that has a channel or UTM dimension of its own is the last touchpoint of its path",
  ),
  afterConversion: text(z.enum(AFTER_CONVERSION).default("keep")).describe(
    "whether a conversion leaves its touchpoints to the user's next one, or the next one's journey starts anew",
  ),
  halfLife: duration("after how long a touchpoint counts half in time_decay", 1),
  lead,
};

/** The values of {@link RULE_PARAMETERS}. */
export type AskedRules = z.output<z.ZodObject<typeof RULE_PARAMETERS>>;

/**
 * The rules of a question: the workers' where it does not change them. A window for a type of touchpoint goes before one for a
 * conversion name, and that before the general one.
 * @throws ReportsError `window_invalid` over the bound
 */
export function rulesOf(asked: AskedRules, settings: ReportSettings): JourneyRules {
  const configured = configuredRules(settings);
  const { maxWindowMs } = settings;
  for (const field of ["window", "clickWindow", "viewWindow", "halfLife"] as const) {
    checkBound(field, asked[field], maxWindowMs);
  }
  const { window, clickWindow, viewWindow } = asked;
  const windowsOf = (general: number | undefined): Windows => ({
    clickWindowMs: clickWindow ?? general ?? configured.clickWindowMs,
    viewWindowMs: viewWindow ?? general ?? configured.viewWindowMs,
  });
  const byName = [...asked.windows].map(([name, ms]): [string, Windows] => {
    checkBound("windows", ms, maxWindowMs);
    return [name, windowsOf(ms)];
  });
  return {
    ...configured,
    ...windowsOf(window),
    windows: new Map(byName),
    viewThrough: asked.viewThrough,
    clickBeatsImpression: asked.clickBeatsImpression,
    leaveOut: asked.leaveOut,
    conversionTouch: asked.conversionTouch,
    afterConversion: asked.afterConversion,
    halfLifeMs: asked.halfLife ?? configured.halfLifeMs,
    lead: asked.lead ?? configured.lead,
  };
}

/** Whether a question asks for other rules than the workers'. */
export function changesRules(asked: AskedRules): boolean {
  return (
    [asked.window, asked.clickWindow, asked.viewWindow, asked.halfLife].some(
      (given) => given !== undefined,
    ) ||
    asked.windows.size > 0 ||
    !asked.viewThrough ||
    asked.clickBeatsImpression ||
    asked.conversionTouch ||
    asked.afterConversion !== "keep" ||
    asked.leaveOut.length > 0
  );
}

function checkBound(field: string, ms: number | undefined, most: number): void {
  if (ms === undefined || ms === Infinity || ms <= most) return;
  throw refusal(
    "window_invalid",
    field,
    `expected at most ${durationText(most)}`,
    durationText(ms),
  );
}

/** A duration in days where it is a whole number of them. */
function durationText(ms: number): string {
  return ms % UNITS.d === 0 ? `${ms / UNITS.d}d` : `${ms}ms`;
}

function readWindow(given: string, context: z.RefinementCtx): number {
  return given === NO_WINDOW ? Infinity : readDuration(given, context, 0, `, or ${NO_WINDOW}`);
}

/** @param others what else is taken, for the error */
function readDuration(
  given: string,
  context: z.RefinementCtx,
  leastMs: number,
  others = "",
): number {
  const code = "window_invalid";
  const match = DURATION.exec(given);
  if (match === null) {
    const below = given.startsWith("-") ? ", not below 0" : "";
    const reason = `${DURATION_EXPECTED}${below}${others}`;
    return refuse(context, { code, reason, given, allowed: UNIT_NAMES });
  }
  const unit = match[2] as keyof typeof UNITS;
  const ms = Number(match[1]) * UNITS[unit];
  if (ms >= leastMs) return ms;
  return refuse(context, { code, reason: `expected ${leastMs}ms or more`, given });
}

function readLeftOut(part: string, context: z.RefinementCtx): LeftOut {
  const code = "leave_out_invalid";
  const colon = part.indexOf(":");
  const name = colon < 0 ? part : part.slice(0, colon);
  const value = colon < 0 ? "" : part.slice(colon + 1);
  const dimension = DIMENSION_FIELDS.find((known) => known === name.trim());
  if (dimension === undefined) {
    const reason =
      "expected dimension:value, such as channel:email, with a dimension of touchpoints";
    return refuse(context, { code, reason, given: part, allowed: DIMENSION_FIELDS });
  }
  if (value === "") {
    const reason = `expected a value after "${dimension}:"`;
    return refuse(context, { code, reason, given: part });
  }
  // A report shows touchpoints without the dimension as (none).
  return { dimension, value: value === "(none)" ? "" : value };
}

function readWindows(
  given: readonly string[],
  context: z.RefinementCtx,
): ReadonlyMap<string, number> {
  const byName = new Map<string, number>();
  for (const part of given) {
    const code = "window_invalid";
    const [name, length] = pairOf(part);
    if (name === "" || length === undefined) {
      const reason = "expected name:window, such as purchase:30d";
      return refuse(context, { code, reason, given: part });
    }
    if (byName.has(name)) {
      return refuse(context, { code, reason: "each name once", given: part });
    }
    byName.set(name, readWindow(length, context));
  }
  return byName;
}

/** A name may hold colons, a window cannot. */
function pairOf(part: string): [name: string, rest: string | undefined] {
  const colon = part.lastIndexOf(":");
  return colon < 0 ? [part, undefined] : [part.slice(0, colon), part.slice(colon + 1)];
}

/** A list of at most {@link MAX_PARTS}, where a comma with a backslash before it belongs to the part. */
function parts<T>(
  example: readonly string[],
  read: (given: readonly string[], context: z.RefinementCtx) => T,
) {
  const schema = z.array(z.string()).meta({ examples: [example] });
  return z.preprocess(partsOf, schema.default([]).transform(read));
}

function partsOf(value: unknown, context: z.RefinementCtx): readonly string[] {
  const texts = (Array.isArray(value) ? value : [value]).map((given: unknown) =>
    typeof given === "string" ? given.replaceAll("\\,", "\0") : given,
  );
  const found = listOf(texts).map((part) => part.replaceAll("\0", ","));
  if (found.length <= MAX_PARTS) return found;
  const reason = `expected at most ${MAX_PARTS}`;
  return refuse(context, { code: "number_invalid", reason, given: String(found.length) });
}
