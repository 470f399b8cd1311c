import { z } from "zod";
import { text, wholeNumber } from "./environment.ts";

/** What every service takes of its Redis: name, default, meaning. Spread into the schema of its environment. */
export const redisRulesSchema = {
  TRIBUTARY_REDIS_EVICTION: text("refused")
    .pipe(z.enum(["refused", "allowed"], { error: "expected refused or allowed" }))
    .describe(
      "whether Redis may evict keys when its memory is full: refused ends the start; allowed warns, and loses accepted events",
    ),
  TRIBUTARY_REDIS_DURABLE: text("off")
    .pipe(z.enum(["on", "off"], { error: "expected on or off" }))
    .describe("whether Redis must write an append-only file: on ends the start without one"),
  TRIBUTARY_REDIS_CHECK_MS: wholeNumber(100, 3_600_000, 10_000).describe(
    "how often Redis' settings are read while the service runs, ms",
  ),
};

/** The rules in an environment that was read by {@link redisRulesSchema}. */
export function redisRulesOf(values: {
  readonly TRIBUTARY_REDIS_EVICTION: "refused" | "allowed";
  readonly TRIBUTARY_REDIS_DURABLE: "on" | "off";
  readonly TRIBUTARY_REDIS_CHECK_MS: number;
}): { readonly evictionAllowed: boolean; readonly durable: boolean; readonly checkMs: number } {
  return {
    evictionAllowed: values.TRIBUTARY_REDIS_EVICTION === "allowed",
    durable: values.TRIBUTARY_REDIS_DURABLE === "on",
    checkMs: values.TRIBUTARY_REDIS_CHECK_MS,
  };
}
