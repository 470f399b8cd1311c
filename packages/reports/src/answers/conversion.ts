import { CHANNEL_RULES } from "@tributary/attribution";
import { z } from "zod";
import { currency, decimalText, instant } from "./fields.ts";

const hints = z
  .array(z.string())
  .optional()
  .describe("what the touchpoint's address holds that is not read");

/** Why a touchpoint of the user is not on the conversion's path. */
export const NOT_COUNTED_REASONS = [
  "after_conversion",
  "outside_click_window",
  "outside_view_window",
  "arrived_later",
  "other_windows",
] as const;
export type NotCountedReason = (typeof NOT_COUNTED_REASONS)[number];

/** The result that is or was valid, and all its revisions. Times are ms since 1970. */
const explainedConversionSchema = z
  .object({
    asOf: instant.optional(),
    key: z
      .string()
      .describe("names the conversion: an event ID that was sent by another user has another key"),
    id: z.string(),
    sentUserKey: z.string().describe("the user key that it was sent under"),
    sentAnonymous: z.boolean().describe("whether sentUserKey is an anonymousId"),
    orderId: z.string(),
    name: z.string(),
    time: instant,
    userKey: z.string(),
    value: decimalText,
    currency,
    revision: z.number(),
    touchpoints: z.array(
      z
        .object({
          index: z.number(),
          type: z.string(),
          time: instant,
          channel: z.string(),
          channelRule: z.enum(CHANNEL_RULES).optional().describe("the rule that gave the channel"),
          hints,
          campaign: z.string(),
        })
        .loose(),
    ),
    notCounted: z
      .array(
        z.object({
          id: z.string(),
          type: z.string(),
          time: instant,
          channel: z.string(),
          source: z.string(),
          medium: z.string(),
          campaign: z.string(),
          channelRule: z.enum(CHANNEL_RULES),
          hints,
          reason: z.enum(NOT_COUNTED_REASONS),
        }),
      )
      .describe("the user's other touchpoints, and why each is not on the path"),
    notCountedTruncated: z.boolean().describe("whether there are more than the 1,000 looked at"),
    credits: z.array(
      z.object({ model: z.string(), touch: z.number(), credit: decimalText, value: decimalText }),
    ),
    revisions: z.array(
      z
        .object({
          revision: z.number(),
          reason: z.string(),
          value: decimalText,
          touches: z.number(),
          attributedAt: instant,
          traceId: z.string().describe("empty where the batch was not sampled"),
        })
        .loose(),
    ),
  })
  .loose();

/** One conversion, and those of the same event ID. */
export const conversionSchema = explainedConversionSchema.extend({
  others: z
    .array(explainedConversionSchema)
    .optional()
    .describe(
      "of the same event ID, sent under other user keys, at most nine; left out where there are none",
    ),
});

export type Conversion = z.infer<typeof conversionSchema>;
