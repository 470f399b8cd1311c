/** Answers that check the others. */
import { z } from "zod";
import { count, currency, decimalText } from "./fields.ts";

export const auditSchema = z.object({
  compared: z.number().describe("conversions"),
  agreed: z.number(),
  different: z.number(),
  differences: z
    .array(z.object({ conversion: z.string(), userKey: z.string(), difference: z.string() }))
    .describe("the first of them"),
  notComparable: z.object({
    late: z.number().describe("facts came so late that the workers may not have had all of them"),
  }),
});

export type Audit = z.infer<typeof auditSchema>;

export const conservationSchema = z.object({
  complete: z
    .boolean()
    .describe("whether all that was accepted was loaded; a residue says something only then"),
  events: z.object({
    accepted: count,
    duplicates: count,
    duplicateOrders: count.describe(
      "conversions that repeated an order ID and name, and do not count",
    ),
    deadLettered: count,
    dropped: z.record(z.string(), count).describe("by the bound that dropped them"),
    touchpointsCredited: count,
    touchpointsWithoutConversion: count.describe("of users who have none"),
    touchpointsOutsideWindows: count.describe("of users whose conversions are not in the window"),
    visitsThatWentOn: count.describe("visits that go on with an arrival: no touchpoints"),
    conversionsAttributed: count,
    conversionsUnattributed: count,
    refunds: count,
    identifies: count,
    custom: count,
    erased: count.describe("events of people who were erased, of whatever kind"),
    residue: count.describe("accepted less all others"),
  }),
  money: z.array(
    z.object({
      currency,
      accepted: decimalText,
      credited: decimalText,
      unattributed: decimalText,
      refunded: decimalText,
      residue: decimalText.describe("accepted less all others"),
    }),
  ),
});

export type Conservation = z.infer<typeof conservationSchema>;
