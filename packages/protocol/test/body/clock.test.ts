import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { clockShiftMs } from "../../src/body/clock.ts";

const NOW = 1_790_000_000_000;
const TOLERANCE_MS = 60_000;
const MAX_TRANSIT_MS = 3_300_000;
const HOUR_MS = 3_600_000;

const shift = (sentAtMs: number | undefined, now = NOW): number =>
  clockShiftMs(sentAtMs, { now, clockToleranceMs: TOLERANCE_MS, maxTransitMs: MAX_TRANSIT_MS });

/** Two events of one clock by true time, each in a body of its own. */
interface Pair {
  readonly gapMs: number;
  readonly skewMs: number;
  readonly transits: readonly [number, number];
}

/** Their times as the gateway stores them. */
function stored({ gapMs, skewMs, transits }: Pair): readonly [number, number] {
  const place = (happenedAtMs: number, transitMs: number): number =>
    happenedAtMs + skewMs + shift(happenedAtMs + skewMs, happenedAtMs + transitMs);
  return [place(NOW, transits[0]), place(NOW + gapMs, transits[1])];
}

describe("clockShiftMs", () => {
  it.each<[string, number | undefined, number]>([
    ["no clock", undefined, 0],
    ["a request of 15 s", NOW - 15_000, 0],
    ["a body that is sent again after five minutes", NOW - 300_000, 0],
    ["the longest transit", NOW - MAX_TRANSIT_MS, 0],
    ["the largest difference ahead", NOW + TOLERANCE_MS, 0],
    ["a clock ten minutes ahead", NOW + 600_000, -600_000],
    ["the same, 15 s on its way", NOW + 585_000, -600_000],
    ["a clock an hour behind", NOW - HOUR_MS, HOUR_MS],
    ["a clock two hours behind, 15 s on its way", NOW - 2 * HOUR_MS - 15_000, 2 * HOUR_MS],
  ])("%s", (_, sentAtMs, expected) => {
    expect(shift(sentAtMs)).toBe(expected);
  });

  it("corrects by what it is told where no difference is tolerated", () => {
    const exact = { now: NOW, clockToleranceMs: 0, maxTransitMs: 0 };
    expect([clockShiftMs(NOW + 7, exact), clockShiftMs(NOW - 7, exact)]).toEqual([-7, 7]);
  });

  const transit = fc.nat(MAX_TRANSIT_MS);
  const gapMs = fc.integer({ min: 1, max: HOUR_MS });

  it("leaves every time of a right clock, whatever the transit and the tries", () => {
    fc.assert(
      fc.property(gapMs, fc.tuple(transit, transit), (gap, transits) => {
        expect(stored({ gapMs: gap, skewMs: 0, transits })).toEqual([NOW, NOW + gap]);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("leaves the order of one clock's events that is a few steps off, while the transit is below half a step", () => {
    const steps = fc
      .oneof(fc.integer({ min: 2, max: 3000 }), fc.integer({ min: -3000, max: -57 }))
      .map((count) => count * TOLERANCE_MS);
    const short = fc.nat(TOLERANCE_MS / 2 - 1);
    fc.assert(
      fc.property(gapMs, steps, fc.tuple(short, short), (gap, skewMs, transits) => {
        expect(stored({ gapMs: gap, skewMs, transits })).toEqual([NOW, NOW + gap]);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("brings any clock that is far off to within the transit and a step of the true time", () => {
    const far = fc.oneof(
      fc.integer({ min: TOLERANCE_MS * 2, max: 500 * HOUR_MS }),
      fc.integer({ min: -500 * HOUR_MS, max: -MAX_TRANSIT_MS - 1 }),
    );
    fc.assert(
      fc.property(far, fc.nat(TOLERANCE_MS), (skewMs, transitMs) => {
        const [time] = stored({ gapMs: 1, skewMs, transits: [transitMs, 0] });
        expect(time - NOW).toBeGreaterThanOrEqual(-TOLERANCE_MS / 2);
        expect(time - NOW).toBeLessThanOrEqual(transitMs + TOLERANCE_MS / 2);
      }),
      { numRuns: runs(2000) },
    );
  });
});
