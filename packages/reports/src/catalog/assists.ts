import { assistedConversions } from "@tributary/warehouse";
import { z } from "zod";
import { count, currency, decimalText, rate } from "../answers/fields.ts";
import { spelled, spellings } from "../answers/spellings.ts";
import { asOf, timeRange, timesOf } from "../question/report-parameters.ts";
import { byTouch, report } from "./report.ts";

export const assists = report({
  summary: "In how many conversions a group was first, last, or on the way",
  parameters: z.strictObject({ by: byTouch, ...timeRange, asOf }),
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
    ...spellings,
  }),
  async run({ engine, tenant, settings, now }, asked) {
    const names = settings.channels?.names;
    const question = { tenant, names, by: asked.by, ...timesOf(asked, now) };
    const { rows, totals } = await assistedConversions(engine, question);
    return {
      rows: rows.map((row) => ({
        ...row,
        assistedPerLast: row.last === 0 ? null : row.assisted / row.last,
      })),
      totals,
      ...spelled(rows, asked.by),
    };
  },
});
