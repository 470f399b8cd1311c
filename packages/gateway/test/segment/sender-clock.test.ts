import { describe, expect, it } from "vitest";
import { eventTimeOf, senderClockOf } from "../../src/segment/sender-clock.ts";

const NOW = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OPTIONS = { now: NOW, clockToleranceMs: MINUTE_MS, maxTransitMs: 55 * MINUTE_MS };
const iso = (ms: number): string => new Date(ms).toISOString();

describe("a Segment client's clock", () => {
  it.each<[string, unknown, Record<string, string>, number, number]>([
    ["is the arrival where it does not say", undefined, {}, NOW, 0],
    ["is the arrival where it is none", "now", {}, NOW, 0],
    ["is the arrival where it was never set", iso(5000), {}, NOW, 0],
    ["is left where the request was 15 s on its way", iso(NOW - 15_000), {}, NOW - 15_000, 0],
    ["is corrected where it is ahead", iso(NOW + HOUR_MS), {}, NOW + HOUR_MS, -HOUR_MS],
    ["is corrected where it is far behind", NOW - 2 * HOUR_MS, {}, NOW - 2 * HOUR_MS, 2 * HOUR_MS],
    [
      "is left where a file that was closed hours ago is sent again",
      iso(NOW - 2 * HOUR_MS),
      { "x-retry-count": "1" },
      NOW - 2 * HOUR_MS,
      0,
    ],
    [
      "is corrected where it is ahead of a repeated request",
      iso(NOW + HOUR_MS),
      { "x-retry-count": "3" },
      NOW + HOUR_MS,
      -HOUR_MS,
    ],
    [
      "is corrected in a first try",
      iso(NOW - 2 * HOUR_MS),
      { "x-retry-count": "0" },
      NOW - 2 * HOUR_MS,
      2 * HOUR_MS,
    ],
  ])("%s", (_, sentAt, headers, sentAtMs, shiftMs) => {
    expect(senderClockOf(sentAt, headers, OPTIONS)).toEqual({ sentAtMs, shiftMs });
  });
});

describe("an event's time", () => {
  const clock = { sentAtMs: NOW + HOUR_MS, shiftMs: -HOUR_MS };
  it.each<[string, unknown, Record<string, unknown>, number | undefined]>([
    ["is moved with the clock", iso(NOW + HOUR_MS - 7), {}, NOW - 7],
    ["is that of sending where there is none", undefined, {}, NOW],
    [
      "is not moved again by what Segment has corrected",
      iso(NOW - 7),
      { receivedAt: iso(NOW) },
      NOW - 7,
    ],
    ["is moved where receivedAt is no time", iso(NOW + HOUR_MS), { receivedAt: "never" }, NOW],
    ["may be text of ms", String(NOW + HOUR_MS), {}, NOW],
    ["is none", "yesterday", {}, undefined],
  ])("%s", (_, stamp, sent, expected) => {
    expect(eventTimeOf(sent, stamp, clock)).toBe(expected);
  });
});
