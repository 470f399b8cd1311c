/** The body of a delivery: what `/v1/conversions/ID` shows of a result, under the same names. */
import { REVISION_REASONS, WITHDRAWN_REASONS } from "@tributary/protocol";
import { z } from "zod";

const instant = z.int().describe("ms since 1970");
const decimal = z.string().regex(/^\d+(\.\d+)?$/);

const touchpoint = z.object({
  index: z.int().min(1).describe("place on the path"),
  id: z.string().describe("event ID"),
  type: z.string(),
  time: instant,
  source: z.string(),
  medium: z.string(),
  campaign: z.string(),
  term: z.string(),
  content: z.string(),
  channel: z.string(),
});

const credit = z.object({
  model: z.string(),
  touch: z
    .int()
    .min(0)
    .describe("index of the touchpoint; 0 where the conversion has none on its path"),
  credit: decimal.describe("share of the conversion; those of a model sum to exactly 1"),
  value: decimal.describe("share of the value; those of a model sum to exactly the value"),
});

const conversion = z.object({
  tenant: z.string(),
  key: z
    .string()
    .describe("names the conversion: an event ID that was sent by another user has another key"),
  id: z.string().describe("event ID of the conversion"),
  orderId: z.string().describe("empty where the conversion has none"),
  name: z.string().describe("of the conversion, such as purchase; empty where it has none"),
  time: instant,
  userKey: z.string().describe("userId, or anonymousId of a user who is not known"),
  anonymous: z.boolean().describe("whether userKey is an anonymousId"),
  value: decimal.describe("net of refunds"),
  currency: z.string().describe("ISO 4217; empty where the conversion has no value"),
  generation: z
    .int()
    .min(0)
    .describe("grows whenever the conversion gets another owner by an identify; 0 before"),
  revision: z.int().min(0).describe("0 for the first result"),
  reason: z.enum(REVISION_REASONS).describe("why there is this revision"),
  attributedAt: instant.describe("when the result was committed, by the clock of Redis"),
  traceId: z.string().describe("trace that led to it; empty where none was sampled"),
  touchpoints: z.array(touchpoint).describe("the path, oldest first"),
  credits: z.array(credit).describe("by model, in path order; those of nothing left out"),
});

const RESULT_TYPES = [
  "conversion.attributed",
  "conversion.corrected",
  "conversion.withdrawn",
  "test",
] as const;
const [ATTRIBUTED, CORRECTED, WITHDRAWN] = RESULT_TYPES;
const ERASED = "conversion.erased";

/** Fields may be added to bodies; receivers ignore those that they do not know. */
export const resultSchema = z
  .object({
    type: z
      .enum(RESULT_TYPES)
      .describe(
        "attributed: the first result; corrected: a later one; withdrawn: another conversion counts in its place, one of its ID that its person sent under another user key, or the first of its order; test: an example, of no conversion",
      ),
    timestamp: z.iso
      .datetime()
      .describe("when the result was committed; of every attempt the same"),
    data: conversion,
  })
  .describe("An attributed conversion, or a correction of one");

const erasedSchema = z
  .object({
    type: z.literal(ERASED),
    timestamp: z.iso.datetime().describe("when it was erased; of every attempt the same"),
    data: conversion.pick({ tenant: true, key: true, id: true }),
  })
  .describe("A conversion that is no more, as its person was erased");

/** The whole body. */
export const deliverySchema = z.union([resultSchema, erasedSchema]);

export type DeliveryBody = z.infer<typeof deliverySchema>;
export type ResultBody = z.infer<typeof resultSchema>;
type ErasedConversion = z.infer<typeof erasedSchema>["data"];
export type DeliveredConversion = ResultBody["data"];
export type DeliveredTouchpoint = DeliveredConversion["touchpoints"][number];

/** The body's text, which is signed and sent as it is. */
export function bodyOf(data: DeliveredConversion): string {
  const isWithdrawn = WITHDRAWN_REASONS.some((reason) => reason === data.reason);
  const corrected = isWithdrawn ? WITHDRAWN : CORRECTED;
  const body: ResultBody = {
    type: data.reason === "first" ? ATTRIBUTED : corrected,
    timestamp: new Date(data.attributedAt).toISOString(),
    data,
  };
  return JSON.stringify(body);
}

/** The text of what says that a conversion was erased. @param atMs when, ms since 1970 */
export function erasedBodyOf(data: ErasedConversion, atMs: number): string {
  const timestamp = new Date(atMs).toISOString();
  const body: z.infer<typeof erasedSchema> = { type: ERASED, timestamp, data };
  return JSON.stringify(body);
}
