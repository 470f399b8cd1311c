import { z } from "zod";
import { answeredTimes, count, currency, decimalText } from "./fields.ts";

export const importSchema = z.object({ imported: count });
const { timeZone, from, to } = answeredTimes;
export const spendSchema = z.object({
  timeZone,
  from,
  to,
  rows: z.array(z.object({ day: z.string(), currency, amount: decimalText }).catchall(z.string())),
});
export const ratesSchema = z.object({
  rows: z.array(z.object({ day: z.string(), currency, target: currency, rate: decimalText })),
});
