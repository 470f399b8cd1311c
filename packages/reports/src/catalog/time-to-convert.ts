import { timeToConvert as readTimeToConvert } from "@tributary/warehouse";
import { z } from "zod";
import { count } from "../answers/fields.ts";
import { report } from "./report.ts";

export const timeToConvert = report({
  summary: "Days and touchpoints from the first touchpoint to the conversion",
  parameters: z.strictObject({}),
  answer: z.object({
    rows: z.array(
      z.object({ measure: z.enum(["days", "touchpoints"]), length: count, conversions: count }),
    ),
    totals: z.object({
      attributed: count,
      unattributed: count,
      medianMs: count.nullable(),
      p90Ms: count.nullable(),
      medianTouchpoints: count.nullable(),
      p90Touchpoints: count.nullable(),
    }),
  }),
  run: async ({ engine, tenant }, times) => readTimeToConvert(engine, { tenant, ...times }),
});
