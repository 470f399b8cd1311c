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
