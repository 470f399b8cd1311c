/** The clock of a Segment client, and the time of its events by the gateway's. */
import type { IncomingHttpHeaders } from "node:http";
import { clockShiftMs, type ScanOptions } from "@tributary/protocol";
import { parseTimeText } from "../intake/time-text.ts";

export interface SenderClock {
  /** The client's clock at sending, or the arrival where it does not say, ms since 1970: the time of an event without one. */
  readonly sentAtMs: number;
  /** What is added to the times by the client's clock, ms. */
  readonly shiftMs: number;
}

/** 2000-01-01: an earlier clock is not set, and nothing to correct by. */
const LEAST_CLOCK_MS = 946_684_800_000;

/**
 * A body's clock. A repeated request may bear the `sentAt` of its first try, which only a clock that is ahead is corrected by.
 * @param sentAt as sent
 * @param headers `X-Retry-Count` is what Segment's clients count their tries in
 */
export function senderClockOf(
  sentAt: unknown,
  headers: IncomingHttpHeaders,
  options: Pick<ScanOptions, "now" | "clockToleranceMs" | "maxTransitMs">,
): SenderClock {
  const ms = timeOf(sentAt);
  if (ms === undefined || ms < LEAST_CLOCK_MS) return { sentAtMs: options.now, shiftMs: 0 };
  const isRepeated = Number(headers["x-retry-count"] ?? 0) > 0;
  const maxTransitMs = isRepeated ? Infinity : options.maxTransitMs;
  return { sentAtMs: ms, shiftMs: clockShiftMs(ms, { ...options, maxTransitMs }) };
}

/**
 * Time of an event, ms since 1970. Segment's rule is `receivedAt − (sentAt − originalTimestamp)`
 * (https://segment.com/docs/connections/spec/common/#timestamps); where `receivedAt` is there, a server has applied it
 * and `timestamp` is its result.
 * @param stamp the event's own time; an event without one happened when it was sent
 * @returns undefined where it is none
 */
export function eventTimeOf(
  sent: Readonly<Record<string, unknown>>,
  stamp: unknown,
  { sentAtMs, shiftMs }: SenderClock,
): number | undefined {
  if (stamp === undefined || stamp === null) return sentAtMs + shiftMs;
  const time = timeOf(stamp);
  if (time === undefined) return undefined;
  return timeOf(sent["receivedAt"]) === undefined ? time + shiftMs : time;
}

function timeOf(stamp: unknown): number | undefined {
  const ms = typeof stamp === "string" ? parseTimeText(stamp) : stamp;
  return typeof ms === "number" && Number.isFinite(ms) ? Math.floor(ms) : undefined;
}
