import type { Counter, Logger } from "@tributary/telemetry";
import type { MendedGroup } from "./warehouse-feed.ts";

const MESSAGES = {
  lost: "the consumer group was lost and is created again behind the acknowledged ID; the entries of a deleted stream are gone",
  set_ahead:
    "the consumer group was set past entries that nobody had; it is set back to them, and they are read",
} as const;

/** Logs and counts the groups that a feed mended: a line for each fault, however many streams it was in. */
export function mendedReporter(
  logger: Logger,
  counter: Counter<"tributary_groups_mended_total">,
  group: "warehouse" | "webhooks",
): (mended: readonly MendedGroup[]) => void {
  return (mended) => {
    for (const [fault, of] of Map.groupBy(mended, (one) => one.fault)) {
      counter.inc({ group, fault }, of.length);
      const streams = of.map(({ partition, stream }) => `${stream} of partition ${partition}`);
      logger.error({ group, fault, streams, from: of[0]?.from }, MESSAGES[fault]);
    }
  };
}
