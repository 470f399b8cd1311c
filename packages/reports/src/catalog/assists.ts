import { assistedConversions } from "@tributary/warehouse";
import { z } from "zod";
import { count, currency, decimalText, rate } from "../answers/fields.ts";
import { byTouch, report } from "./report.ts";

export const assists = report({
  summary: "In how many conversions a group was first, last, or on the way",
  parameters: z.strictObject({ by: byTouch }),
  answer: z.object({
    rows: z.array(
      z
        .object({
          currency,
          first: count,
          last: count,
          assisted: count.describe("on the path, but not last"),
          assistedValue: decimalText,
          lastValue: decimalText,
          assistedPerLast: rate,
        })
        .catchall(z.string()),
    ),
    totals: z.object({ attributed: count, unattributed: count }),
  }),
  async run({ engine, tenant }, asked) {
    const { rows, totals } = await assistedConversions(engine, { tenant, ...asked });
    return {
      rows: rows.map((row) => ({
        ...row,
        assistedPerLast: row.last === 0 ? null : row.assisted / row.last,
      })),
      totals,
    };
  },
});
