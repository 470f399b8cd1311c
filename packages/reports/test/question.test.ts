import { describe, expect, test } from "vitest";
import { MODEL_NAMES } from "@tributary/attribution";
import { parseQuestion } from "../src/question.ts";
import type { ReportsError } from "../src/errors.ts";

const UNASKED = { transform: "unique", nonConverting: true, confidence: undefined };
const NOW = Date.UTC(2026, 5, 1);

describe("a question that is understood", () => {
  test("defaults: every model, by channel, all times, JSON", () => {
    expect(parseQuestion({}, NOW)).toEqual({
      question: { models: MODEL_NAMES, by: ["channel"], paths: UNASKED },
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
      models: ["time_decay", "linear", "first_touch"],
      by: ["campaign", "source"],
      paths: UNASKED,
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
    const asked = { model: "markov_2,linear", transform: "first", nonConverting: "false" };
    expect(parseQuestion({ ...asked, confidence: "0.9" }, 0).question).toMatchObject({
      models: ["markov_2", "linear"],
      paths: { transform: "first", nonConverting: false, confidence: 0.9 },
    });
    expect(parseQuestion({ model: "shapley" }, 0).question.paths).toEqual({
      transform: "unique",
      nonConverting: true,
      confidence: undefined,
    });
  });

  test.each([
    [{ model: "linear", transform: "first" }, "parameter_unused", "transform"],
    [{ confidence: "0.9" }, "parameter_unused", "confidence"],
    [{ model: "markov", transform: "last" }, "choice_unknown", "transform"],
    [{ model: "markov", nonConverting: "yes" }, "choice_unknown", "nonConverting"],
    [{ model: "markov", confidence: "95" }, "confidence_invalid", "confidence"],
    [{ model: "markov", confidence: "x" }, "confidence_invalid", "confidence"],
    [{ model: "markov_5" }, "model_unknown", "model"],
  ])("%j is refused", (parameters, code, field) => {
    expect(() => parseQuestion(parameters, 0)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ field }) }),
    );
  });
});
