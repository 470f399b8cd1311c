import { z } from "zod";
import { count, currency, decimalText } from "./fields.ts";

export const importSchema = z.object({ imported: count });
export const spendSchema = z.object({
  rows: z.array(z.object({ day: z.string(), currency, amount: decimalText }).catchall(z.string())),
});
export const ratesSchema = z.object({
  rows: z.array(z.object({ day: z.string(), currency, target: currency, rate: decimalText })),
});
