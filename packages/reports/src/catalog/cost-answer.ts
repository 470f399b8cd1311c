/** What the report of spend and credits answers. */
import { z } from "zod";
import { count, currency, decimalText } from "../answers/fields.ts";
import type { AnswerOf } from "./report.ts";

/** Which of spend, conversions and touchpoints a group has. */
export const COST_MATCHES = [
  "spend_and_conversions",
  "spend_without_conversion",
  "conversions_in_other_currency",
  "spend_without_touchpoint",
  "conversions_without_spend",
  "spend_in_other_currency",
  "conversions_without_touchpoint",
] as const;
const spendAndValue = {
  currency,
  spend: decimalText.nullable().describe("null where no spend of these names was imported"),
  value: decimalText,
  conversions: decimalText,
};
const returns = {
  roas: z.number().nullable().describe("value for each unit spent; null where either is unknown"),
  cpa: z.number().nullable().describe("spend for each conversion; null where either is unknown"),
};

/** Rows by their span, then by spend, largest first. */
export const costSchema = z.object({
  rows: z.array(
    z
      .object({
        ...spendAndValue,
        impressions: count,
        arrivals: count.describe("clicks and visits, in whatever currency"),
        ...returns,
        cpc: z.number().nullable().describe("spend for each arrival; null where either is unknown"),
        match: z.enum(COST_MATCHES),
      })
      .catchall(z.string()),
  ),
  totals: z
    .array(
      z.object({
        ...spendAndValue,
        spendWithoutTouchpoint: decimalText,
        spendWithoutConversion: decimalText,
        valueWithoutSpend: decimalText,
        conversionsWithoutSpend: decimalText,
        ...returns,
        blendedRoas: returns.roas.describe("of all value and all spend, whether they meet or not"),
        blendedCpa: returns.cpa.describe("of all spend and all conversions"),
      }),
    )
    .describe("`roas` and `cpa` are of the spend that touchpoints were found for"),
});

export type CostReport = AnswerOf<typeof costSchema>;
export type CostMatch = (typeof COST_MATCHES)[number];
