import { z } from "zod";
import { answeredTimes, currency, decimalText, instant } from "./fields.ts";
import { spellings } from "./spellings.ts";

const interval = z.tuple([z.number(), z.number()]).describe("low and high end");

/** One group under one model; its dimensions are further fields, as asked for. */
export const reportRowSchema = z
  .object({
    model: z.string(),
    unattributed: z
      .literal(true)
      .optional()
      .describe("of conversions without a touchpoint: their dimensions name no touchpoint's"),
    conversions: z.number().describe("a sum of shares"),
    value: decimalText,
    currency,
    conversionsBefore: z.number().optional().describe("of the report compared with"),
    valueBefore: decimalText.optional(),
    conversionsChange: z.number().optional(),
    valueChange: decimalText.optional(),
    conversionsInterval: interval.optional(),
    valueInterval: interval.optional(),
  })
  .catchall(z.unknown());

const group = z.record(z.string(), z.string());

const windows = {
  clickWindowMs: z.number().nullable().describe("of clicks and visits; null: of any age"),
  viewWindowMs: z.number().nullable().describe("of impressions; null: of any age"),
};
const totals = z
  .object({
    conversions: z.number(),
    attributed: z.number(),
    unattributed: z.number(),
    value: z.array(z.object({ currency, value: decimalText })),
  })
  .loose();

export const reportSchema = z.object({
  ...answeredTimes,
  completeUpTo: instant.describe(
    "all that was accepted before then is in the report, ms since 1970; 0 where that is not known",
  ),
  source: z
    .enum(["streamed", "facts"])
    .describe(
      "whether the workers' credits were added up, or conversions credited anew from facts",
    ),
  rules: z
    .object({
      ...windows,
      halfLifeMs: z.number(),
      windows: z.record(z.string(), z.object(windows)).optional(),
      viewThrough: z.boolean(),
      clickBeatsImpression: z.boolean(),
      afterConversion: z.string(),
      conversionTouch: z.boolean().optional(),
      transform: z.string(),
      directChannels: z
        .array(z.string())
        .optional()
        .describe("channels that last_non_direct passes over, where they are not `direct` alone"),
      leaveOut: z.array(z.string()).optional(),
      leftOutTouchpoints: z.number().optional(),
    })
    .loose(),
  rows: z.array(reportRowSchema),
  comparisons: z
    .array(
      z.object({
        model: z.string(),
        first: group,
        second: group,
        difference: z.number(),
        interval,
        differ: z.boolean().describe("whether the journeys distinguish the two"),
      }),
    )
    .optional()
    .describe("neighbours by credited conversions, where a confidence was asked for"),
  removalEffects: z
    .array(
      z.object({
        model: z.string(),
        conversionProbability: z.number().describe("that a journey with a touchpoint converts"),
        effects: z.array(
          z
            .object({
              effect: z.number().describe("share of that probability that is lost without"),
            })
            .catchall(z.unknown()),
        ),
      }),
    )
    .optional()
    .describe("of Markov models, by the dimensions of touchpoints, the largest first"),
  totals,
  ...spellings,
  totalsBefore: totals.optional().describe("of the report compared with"),
});

export type ReportRow = z.infer<typeof reportRowSchema>;
export type AttributionReport = z.infer<typeof reportSchema>;

/** What a client needs of any report: its rows, and whatever else it says. */
export const rowsSchema = z.object({ rows: z.array(z.record(z.string(), z.unknown())) }).loose();
