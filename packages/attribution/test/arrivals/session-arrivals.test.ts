import { describe, expect, it } from "vitest";
import { SessionArrivals } from "../../src/arrivals/session-arrivals.ts";

/** Takes visits with a signature and no referrer. */
function takeAll(
  touches: readonly { at: number; signature: number; click?: boolean; direct?: boolean }[],
  gapMs = 10,
): number[] {
  const sessions = new SessionArrivals();
  sessions.begin(gapMs);
  return touches.map(({ at, signature, click = false, direct = false }, i) =>
    sessions.take(i, at, click, direct, false, signature, 0, -1),
  );
}

describe("sessions", () => {
  it("end with a gap longer than theirs, and what goes on extends them", () => {
    expect(
      takeAll([
        { at: 0, signature: 7 },
        { at: 10, signature: 7 },
        { at: 20, signature: 7 },
        { at: 31, signature: 7 },
      ]),
    ).toEqual([0, 0, 0, 3]);
  });

  it("give a direct visit the latest arrival, a click among them", () => {
    expect(
      takeAll([
        { at: 0, signature: 7 },
        { at: 1, signature: 8, click: true },
        { at: 2, signature: 7 },
        { at: 3, signature: 9, direct: true },
        { at: 4, signature: 9, click: true, direct: true },
        { at: 5, signature: 9, direct: true },
      ]),
    ).toEqual([0, 1, 0, 1, 4, 4]);
  });

  it("forget what the one before had, however much that was", () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ at: 0, signature: i + 1 }));
    expect(takeAll([...many, ...many])).toEqual([...many, ...many].map((_, i) => i % 1000));
    const later = many.map(({ signature }) => ({ at: 100, signature }));
    expect(takeAll([...many, ...later])).toEqual([...many, ...later].map((_, i) => i));
  });

  it("begin anew with each path", () => {
    const sessions = new SessionArrivals();
    for (const _path of [1, 2]) {
      sessions.begin(10);
      expect(sessions.take(0, -5, false, true, false, 7, 0, -1)).toBe(0);
      expect(sessions.take(1, -4, false, false, true, 8, 9, -1)).toBe(1);
      expect(sessions.take(2, -3, false, false, true, 7, 9, -1)).toBe(1);
      // A landing page goes on with its click, wherever that is, and so does what follows it.
      expect(sessions.take(3, 100, false, false, false, 6, 0, 1)).toBe(1);
      expect(sessions.take(4, 101, false, true, false, 5, 0, -1)).toBe(1);
    }
  });
});
