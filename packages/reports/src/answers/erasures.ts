import { z } from "zod";
import { count, instant } from "./fields.ts";

const receipt = z.string().describe("a random UUID, unrelated to the person");

export const askedErasureSchema = z.object({
  receipt,
  state: z.literal("asked"),
  askedAt: instant,
  deadLetters: count.describe(
    "dead letters that are kept, of all tenants: they are not searched for events of the person",
  ),
});
export const erasureSchema = z.object({
  receipt,
  state: z
    .enum(["asked", "erased"])
    .describe("`erased`: removed by the workers, and from all tables of the warehouse"),
  askedAt: instant,
  erasedAt: instant.nullable(),
  erased: z
    .object({ events: count, conversions: count, touchpoints: count })
    .describe(
      "rows removed from the warehouse; events are of every kind, conversions and touchpoints among them",
    ),
});
export const erasuresSchema = z.object({ erasures: z.array(erasureSchema) });
export type Erasure = z.infer<typeof erasureSchema>;
