/** Fields that several answers have. */
import { z } from "zod";

export const decimalText = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?$/)
  .describe("exact decimal text");
export const currency = z.string().describe('ISO 4217, or "" where there is none');
export const instant = z.number().describe("ms since 1970");
export const count = z.number();
export const rate = z.number().nullable().describe("null where there is nothing to divide by");

/** The times that a report is of, as it was asked; without `from` or `to` it is open to that side. */
export const answeredTimes = {
  timeZone: z
    .string()
    .describe(
      "zone of days, weeks, months and hours, and of times that were given without an offset",
    ),
  from: instant.describe("start of the report's time, ms since 1970, inclusive").optional(),
  to: instant.describe("its end, exclusive").optional(),
  asOf: instant.describe("time of the state, where one was asked for").optional(),
};
const times = z.object(answeredTimes);
export type AnsweredTimes = Readonly<z.output<typeof times>>;
