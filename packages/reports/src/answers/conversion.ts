import { CHANNEL_RULES, type ChannelRule } from "@tributary/attribution";
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
  "went_on",
] as const;
export type NotCountedReason = (typeof NOT_COUNTED_REASONS)[number];

/** Why a visit goes on with an arrival. */
export const WENT_ON_REASONS = [
  "same_campaign",
  "same_referrer",
  "same_channel",
  "own_page",
  "payment_page",
  "excluded_host",
  "no_signal",
  "direct",
  "its_click",
] as const;
export type WentOnReason = (typeof WENT_ON_REASONS)[number];

/** Of visits whose channel is direct, by the rule that named it. */
export const WENT_ON_BY_RULE: Readonly<Partial<Record<ChannelRule, WentOnReason>>> = {
  self_referral: "own_page",
  payment_provider: "payment_page",
  excluded_referrer: "excluded_host",
  no_signal: "no_signal",
};

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
    reason: z.string().describe("why there is this revision"),
    countedInstead: z
      .object({ id: z.string(), sentUserKey: z.string(), sentAnonymous: z.boolean() })
      .optional()
      .describe("of a duplicate order: the conversion that counts; left out where it was erased"),
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
          wentOnWith: z
            .object({
              id: z.string(),
              type: z.string(),
              time: instant,
              because: z.enum(WENT_ON_REASONS),
            })
            .optional()
            .describe("with reason went_on: the arrival that the visit goes on with"),
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
