import { DIMENSION_FIELDS, EVENT_LIMITS } from "@tributary/protocol";
import {
  AFTER_CONVERSION,
  type AfterConversion,
  type JourneyRules,
  type LeftOut,
  type Windows,
} from "./journey-rules.ts";
import { choice, flag, listOf, refusal, single, type Parameter } from "./parameters.ts";
import { configuredRules, type ReportSettings } from "./settings.ts";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const UNIT_NAMES = Object.keys(UNITS);
const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;
const DURATION_EXPECTED = "expected a whole number and its unit, such as 30d or 12h";
/** Parts of a list that a question may hold. */
const MAX_PARTS = 100;

/** A duration, ms; how long it may be is checked where the settings are known. */
function duration(description: string): Parameter<number | undefined> {
  return {
    description: `${description}: a whole number with ms, s, m, h or d`,
    schema: { type: "string", pattern: DURATION.source, examples: ["30d", "12h"] },
    read: (value, field) => {
      const text = single(field, value);
      return text === undefined ? undefined : readDuration(field, text);
    },
  };
}

const leaveOut: Parameter<readonly LeftOut[]> = {
  description:
    "what if these touchpoints did not exist: dimension:value, several with commas (one in a value is written \\,)",
  schema: { type: "array", items: { type: "string" }, examples: [["channel:email"]] },
  read: (value, field) => partsOf(field, value).map((part) => readLeftOut(field, part)),
};

const windows: Parameter<ReadonlyMap<string, number>> = {
  description:
    "windows of conversions by their name, instead of window: name:30d, several with commas",
  schema: { type: "array", items: { type: "string" }, examples: [["purchase:30d", "lead:7d"]] },
  read(value, field) {
    const byName = new Map<string, number>();
    for (const part of partsOf(field, value)) {
      const [name, length] = pairOf(part);
      if (name === "" || length === undefined) {
        throw refusal("window_invalid", field, "expected name:window, such as purchase:30d", part);
      }
      if (byName.has(name)) throw refusal("window_invalid", field, "each name once", part);
      byName.set(name, readDuration(field, length));
    }
    return byName;
  },
};

const lead: Parameter<string | undefined> = {
  description: "name of the conversions or custom events that make a user a lead, for w_shaped",
  schema: { type: "string", maxLength: EVENT_LIMITS.nameBytes, default: "lead" },
  read: (value, field) => single(field, value),
};

/** What of the rules a question may change. */
export const RULE_PARAMETERS = {
  window: duration("how long before a conversion a touchpoint counts"),
  clickWindow: duration("of clicks and visits, instead of window and windows"),
  viewWindow: duration("of impressions, instead of window and windows"),
  windows,
  viewThrough: flag("whether impressions count", true),
  clickBeatsImpression: flag("whether a path that has a click loses its impressions", false),
  leaveOut,
  afterConversion: choice(
    "whether a conversion leaves its touchpoints to the user's next one, or the next one's journey starts anew",
    AFTER_CONVERSION,
    "keep",
  ),
  halfLife: duration("after how long a touchpoint counts half in time_decay"),
  lead,
};

/** Of {@link RULE_PARAMETERS}, what was asked. */
export interface AskedRules {
  readonly window: number | undefined;
  readonly clickWindow: number | undefined;
  readonly viewWindow: number | undefined;
  readonly windows: ReadonlyMap<string, number>;
  readonly viewThrough: boolean;
  readonly clickBeatsImpression: boolean;
  readonly leaveOut: readonly LeftOut[];
  readonly afterConversion: AfterConversion;
  readonly halfLife: number | undefined;
  readonly lead: string | undefined;
}

/**
 * The rules of a question: the workers' where it says nothing. A window for a type of touchpoint goes before one for a name of
 * conversions, and that before the general one.
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
    asked.afterConversion !== "keep" ||
    asked.leaveOut.length > 0
  );
}

function checkBound(field: string, ms: number | undefined, most: number): void {
  if (ms === undefined || ms <= most) return;
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

function readDuration(field: string, text: string): number {
  const match = DURATION.exec(text);
  if (match === null) {
    const reason = text.startsWith("-") ? `${DURATION_EXPECTED}, not below 0` : DURATION_EXPECTED;
    throw refusal("window_invalid", field, reason, text, UNIT_NAMES);
  }
  const unit = match[2] as keyof typeof UNITS;
  const ms = Number(match[1]) * UNITS[unit];
  if (field === "halfLife" && ms < 1) {
    throw refusal("window_invalid", field, "expected 1ms or more", text);
  }
  return ms;
}

function readLeftOut(field: string, part: string): LeftOut {
  const colon = part.indexOf(":");
  const name = colon < 0 ? part : part.slice(0, colon);
  const value = colon < 0 ? "" : part.slice(colon + 1);
  const dimension = DIMENSION_FIELDS.find((known) => known === name.trim());
  if (dimension === undefined) {
    const reason =
      "expected dimension:value, such as channel:email, with a dimension of touchpoints";
    throw refusal("leave_out_invalid", field, reason, part, DIMENSION_FIELDS);
  }
  if (value === "") {
    throw refusal("leave_out_invalid", field, `expected a value after "${dimension}:"`, part);
  }
  // What a report shows for touchpoints without the dimension leaves those out.
  return { dimension, value: value === "(none)" ? "" : value };
}

/** A name may hold colons, a window cannot. */
function pairOf(part: string): [name: string, rest: string | undefined] {
  const colon = part.lastIndexOf(":");
  return colon < 0 ? [part, undefined] : [part.slice(0, colon), part.slice(colon + 1)];
}

/** A list's parts, where a comma with a backslash before it belongs to the part. */
function partsOf(field: string, value: unknown): readonly string[] {
  const texts = (Array.isArray(value) ? value : [value]).map((text: unknown) =>
    typeof text === "string" ? text.replaceAll("\\,", "\0") : text,
  );
  const parts = listOf(texts).map((part) => part.replaceAll("\0", ","));
  if (parts.length > MAX_PARTS) {
    throw refusal("number_invalid", field, `expected at most ${MAX_PARTS}`, String(parts.length));
  }
  return parts;
}
