import { describe, expect, test } from "vitest";
import { MODEL_NAMES } from "@tributary/attribution";
import { parseQuestion } from "../../src/question/question.ts";
import type { ReportsError } from "../../src/errors.ts";
import { configuredRules, DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";

const UNASKED = { transform: "unique", nonConverting: "users", confidence: undefined };
const DEFAULTS = {
  custom: [],
  timeZone: "UTC",
  paths: UNASKED,
  rules: configuredRules(DEFAULT_REPORT_SETTINGS),
  source: "streamed",
  against: false,
};
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

describe("a question that is understood", () => {
  test("defaults: every model, by channel, all times, JSON", () => {
    expect(parseQuestion({}, NOW)).toEqual({
      question: { ...DEFAULTS, models: MODEL_NAMES, by: ["channel"] },
      format: "json",
    });
  });

  test("lists by commas or repetition, in the order given", () => {
    const { question, format } = parseQuestion(
      {
        model: ["time_decay", "linear, first_touch"],
        by: "campaign,source",
        format: "csv",
      },
      NOW,
    );
    expect(question).toEqual({
      ...DEFAULTS,
      models: ["time_decay", "linear", "first_touch"],
      by: ["campaign", "source"],
    });
    expect(format).toBe("csv");
  });

  test.for([
    ["2026-01-31", Date.UTC(2026, 0, 31)],
    ["2026-01-31T10:30", Date.UTC(2026, 0, 31, 10, 30)],
    ["2026-01-31T10:30:15.250", Date.UTC(2026, 0, 31, 10, 30, 15, 250)],
    ["2026-01-31T10:30:15Z", Date.UTC(2026, 0, 31, 10, 30, 15)],
    ["2026-01-31T10:30+02:00", Date.UTC(2026, 0, 31, 8, 30)],
    ["1700000000000", 1_700_000_000_000],
    ["0", 0],
  ] as const)("from=%s is %i ms", ([text, ms]) => {
    expect(parseQuestion({ from: text }, NOW).question.from).toBe(ms);
    expect(parseQuestion({ asOf: text }, NOW).question.asOf).toBe(ms);
  });

  test("as of this very millisecond", () => {
    expect(parseQuestion({ asOf: String(NOW) }, NOW).question.asOf).toBe(NOW);
  });
});

describe("a bad question says what was given and what is allowed", () => {
  test.for([
    [{ model: "liner" }, "model_unknown", "model", "liner", "linear"],
    [{ model: "linear,all" }, "model_unknown", "model", "all", "linear"],
    [{ model: "linear,linear" }, "model_repeated", "model", "linear", "first_touch"],
    [{ by: "chanel" }, "dimension_unknown", "by", "chanel", "channel"],
    [{ by: "channel,channel" }, "dimension_repeated", "by", "channel", "campaign"],
    [
      { by: "channel,campaign,source" },
      "dimension_too_many",
      "by",
      "channel,campaign,source",
      "at most 2",
    ],
    [{ from: "yesterday" }, "time_invalid", "from", "yesterday", "ISO 8601"],
    [{ from: "2026-02-31" }, "time_invalid", "from", "2026-02-31", "ISO 8601"],
    [{ to: "2026-13-01" }, "time_invalid", "to", "2026-13-01", "ISO 8601"],
    [{ to: "1700000000" }, "time_invalid", "to", "1700000000", "seconds"],
    [{ to: "-5" }, "time_invalid", "to", "-5", "ISO 8601"],
    [{ from: "2026-01-02", to: "2026-01-01" }, "range_empty", "from", "2026-01-02", "2026-01-01"],
    [{ from: "2026-01-01", to: "2026-01-01" }, "range_empty", "from", "2026-01-01", "before"],
    [{ from: ["2026-01-01", "2026-01-02"] }, "parameter_repeated", "from", "2026-01-02", "once"],
    [{ asOf: "yesterday" }, "time_invalid", "asOf", "yesterday", "ISO 8601"],
    [{ asOf: "1700000000" }, "time_invalid", "asOf", "1700000000", "seconds"],
    [
      { asOf: String(NOW + 1) },
      "time_in_future",
      "asOf",
      "00:00:00.001Z",
      "has passed, it is 2026",
    ],
    [{ asOf: ["1", "2"] }, "parameter_repeated", "asOf", "1 and 2", "once"],
    [{ format: "xml" }, "format_unknown", "format", "xml", "csv"],
    [{ modle: "linear" }, "parameter_unknown", "modle", "", "model"],
    [{ model: "x".repeat(9999) }, "model_unknown", "model", "xxxx", "linear"],
  ] as const)("%o", ([parameters, code, field, given, says]) => {
    let error: ReportsError | undefined;
    try {
      parseQuestion(parameters, NOW);
    } catch (thrown) {
      error = thrown as ReportsError;
    }
    expect(error).toMatchObject({ code, status: 400, details: { field } });
    expect(error?.message).toContain(given);
    expect(error?.message).toContain(says);
    expect(error?.message.length).toBeLessThan(400);
  });
});

describe("models over paths", () => {
  test("have their own parameters", () => {
    const asked = { model: "markov_2,linear", transform: "first", nonConverting: "tails" };
    expect(parseQuestion({ ...asked, confidence: "0.9" }, 0).question).toMatchObject({
      models: ["markov_2", "linear"],
      paths: { transform: "first", nonConverting: "tails", confidence: 0.9 },
    });
    expect(parseQuestion({ model: "shapley" }, 0).question.paths).toEqual({
      transform: "unique",
      nonConverting: "users",
      confidence: undefined,
    });
  });

  test.each([
    [{ confidence: "0.9" }, "parameter_unused", "confidence"],
    [{ model: "markov", transform: "last" }, "choice_unknown", "transform"],
    [{ nonConverting: "tails" }, "parameter_unused", "nonConverting"],
    [{ model: "markov", nonConverting: "true" }, "choice_unknown", "nonConverting"],
    [{ model: "markov", confidence: "95" }, "confidence_invalid", "confidence"],
    [{ model: "markov", confidence: "x" }, "confidence_invalid", "confidence"],
    [{ model: "markov_5" }, "model_unknown", "model"],
  ])("%j is refused", (parameters, code, field) => {
    expect(() => parseQuestion(parameters, 0)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ field }) }),
    );
  });
});

describe("rules", () => {
  const rulesOf = (parameters: Record<string, string>) => parseQuestion(parameters, NOW).question;

  test("that a question changes are credited from facts; a window for a type goes before one for a name", () => {
    const { rules, source } = rulesOf({
      window: "7d",
      windows: "lead:12h, sign:up:90m",
      viewWindow: "30s",
    });
    expect(source).toBe("facts");
    expect(rules).toMatchObject({ clickWindowMs: 7 * DAY_MS, viewWindowMs: 30_000 });
    expect([...rules.windows]).toEqual([
      ["lead", { clickWindowMs: DAY_MS / 2, viewWindowMs: 30_000 }],
      ["sign:up", { clickWindowMs: 90 * 60_000, viewWindowMs: 30_000 }],
    ]);
  });

  test("a window may have no bound, of all touchpoints, of a type, or of a conversion's name", () => {
    const { rules, source } = rulesOf({ clickWindow: "none", windows: "lead:none" });
    expect(source).toBe("facts");
    expect(rules).toMatchObject({ clickWindowMs: Infinity, viewWindowMs: DAY_MS });
    expect(rules.windows.get("lead")).toEqual({ clickWindowMs: Infinity, viewWindowMs: Infinity });
    expect(rulesOf({ window: "none" }).rules).toMatchObject({
      clickWindowMs: Infinity,
      viewWindowMs: Infinity,
    });
  });

  test("what to leave out may have commas and colons, and be what has no value", () => {
    const { leaveOut } = rulesOf({ leaveOut: "channel:email,campaign:a\\,b:c,term:(none)" }).rules;
    expect(leaveOut).toEqual([
      { dimension: "channel", value: "email" },
      { dimension: "campaign", value: "a,b:c" },
      { dimension: "term", value: "" },
    ]);
  });

  test("as they are leave the workers' credits; so do models over paths with their transform", () => {
    expect(rulesOf({ viewThrough: "true", clickBeatsImpression: "false" }).source).toBe("streamed");
    expect(rulesOf({ model: "markov", transform: "first" }).source).toBe("streamed");
    expect(rulesOf({ model: "linear", transform: "first" }).source).toBe("facts");
    expect(rulesOf({ model: "w_shaped" }).source).toBe("facts");
  });

  test("a custom model comes alone, or after those asked for", () => {
    const custom = JSON.stringify({ name: "ours", channels: { direct: 0 } });
    expect(rulesOf({ custom }).models).toEqual([]);
    expect(rulesOf({ custom, model: "linear" })).toMatchObject({
      models: ["linear"],
      custom: [{ name: "ours" }],
      source: "facts",
    });
  });

  test("a time zone is that of the runtime's name for it", () => {
    expect(rulesOf({ by: "day", timeZone: "europe/berlin" }).timeZone).toBe("Europe/Berlin");
  });

  test("times without an offset are the tenant's, or those of the zone that is asked for", () => {
    const settings = { ...DEFAULT_REPORT_SETTINGS, timeZone: "Asia/Kathmandu" };
    const asked = { from: "2026-03-01", to: "2026-03-02T12:30", asOf: "2026-03-31" };
    expect(parseQuestion(asked, NOW, settings).question).toMatchObject({
      timeZone: "Asia/Kathmandu",
      from: Date.UTC(2026, 1, 28, 18, 15),
      to: Date.UTC(2026, 2, 2, 6, 45),
      asOf: Date.UTC(2026, 2, 30, 18, 15),
    });
    const berlin = { ...asked, timeZone: "Europe/Berlin" };
    expect(parseQuestion(berlin, NOW, settings).question).toMatchObject({
      timeZone: "Europe/Berlin",
      from: Date.UTC(2026, 1, 28, 23),
      to: Date.UTC(2026, 2, 2, 11, 30),
      asOf: Date.UTC(2026, 2, 30, 22),
    });
    const exact = { from: "2026-03-01T00:00Z", to: "1790000000000", timeZone: "Pacific/Apia" };
    expect(parseQuestion(exact, NOW, settings).question).toMatchObject({
      from: Date.UTC(2026, 2, 1),
      to: 1_790_000_000_000,
    });
  });

  test("a day as the end is not included, and who takes it for included is told", () => {
    const asked = { from: "2026-03-29", to: "2026-03-29", timeZone: "Europe/Berlin" };
    expect(() => parseQuestion(asked, NOW)).toThrow(
      `from: expected a time before "to" (2026-03-29T00:00:00.000+01:00); "to" is not included: to=2026-03-30 includes 2026-03-29, got "2026-03-29T00:00:00.000+01:00"`,
    );
    const { from = 0, to = 0 } = parseQuestion({ ...asked, to: "2026-03-30" }, NOW).question;
    expect((to - from) / 3_600_000).toBe(23);
  });

  test.each([
    [{ window: "-3d" }, "window_invalid", "window", "-3d"],
    [{ window: "30" }, "window_invalid", "window", "30"],
    [{ window: "None" }, "window_invalid", "window", "None"],
    [{ halfLife: "none" }, "window_invalid", "halfLife", "none"],
    [{ window: "2w" }, "window_invalid", "window", "2w"],
    [{ viewWindow: "401d" }, "window_invalid", "viewWindow", "401d"],
    [{ windows: "lead:401d" }, "window_invalid", "windows", "401d"],
    [{ windows: "lead" }, "window_invalid", "windows", "lead"],
    [{ windows: "lead:7d,lead:8d" }, "window_invalid", "windows", "lead:8d"],
    [{ halfLife: "0d" }, "window_invalid", "halfLife", "0d"],
    [{ model: "linear", halfLife: "3d" }, "parameter_unused", "halfLife", "3d"],
    [{ lead: "signup" }, "parameter_unused", "lead", "signup"],
    [{ model: "w_shaped", lead: "x".repeat(129) }, "choice_unknown", "lead", "x".repeat(64)],
    [
      { from: "2026-03-29T02:30", timeZone: "Europe/Berlin" },
      "time_invalid",
      "from",
      "2026-03-29T02:30",
    ],
    [{ by: "day", timeZone: "Europe/Bärlin" }, "time_zone_unknown", "timeZone", "Europe/Bärlin"],
    [{ by: "day", timeZone: "+02:00" }, "time_zone_unknown", "timeZone", "+02:00"],
    [{ leaveOut: "email" }, "leave_out_invalid", "leaveOut", "email"],
    [{ leaveOut: "day:2026-01-01" }, "leave_out_invalid", "leaveOut", "day:2026-01-01"],
    [{ leaveOut: "channel:" }, "leave_out_invalid", "leaveOut", "channel:"],
    [{ against: "true" }, "parameter_unused", "against", "true"],
    [{ custom: "{" }, "custom_model_invalid", "custom", "{"],
    [{ custom: "[]" }, "custom_model_invalid", "custom", "0"],
    [{ custom: '{"name":"linear"}' }, "custom_model_invalid", "custom.name", "linear"],
    [
      { custom: '[{"name":"a","age":{"halfLifeMs":0}}]' },
      "custom_model_invalid",
      "custom[0].age.halfLifeMs",
      "0",
    ],
  ])("%j is refused", (parameters, code, field, given) => {
    expect(() => parseQuestion(parameters, NOW)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ field, given }) }),
    );
  });
});
