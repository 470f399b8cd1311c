import type { ScanOptions } from "./scan-options.ts";

/**
 * What is added to each event's time of a body, ms: the error of the sender's clock, where no transit explains it.
 *
 * `now − sentAt` is that error and the body's transit in one figure, and a body that is sent again unchanged has all the
 * time since its first try in it. A clock that was ahead of the arrival is ahead, since no transit is negative; one that is
 * behind may be right, until the difference is longer than bodies are under way. The correction is a multiple of the
 * tolerance: so bodies of one clock are moved by the same, although their transit differs, and stay in their order.
 *
 * Sources: getsentry/relay #534, #580 (no correction below 55 minutes), #654 (times more than 60 s ahead are corrected);
 * PostHog/posthog #98250 (transit taken for clock error), #93203 (corrections in steps).
 * @param sentAtMs the sender's clock at sending, ms since 1970; undefined where it is not known
 */
export function clockShiftMs(
  sentAtMs: number | undefined,
  options: Pick<ScanOptions, "now" | "clockToleranceMs" | "maxTransitMs">,
): number {
  if (sentAtMs === undefined) return 0;
  const { now, clockToleranceMs, maxTransitMs } = options;
  const differenceMs = now - sentAtMs;
  if (differenceMs >= -clockToleranceMs && differenceMs <= maxTransitMs) return 0;
  const stepMs = Math.max(1, clockToleranceMs);
  return Math.round(differenceMs / stepMs) * stepMs;
}
