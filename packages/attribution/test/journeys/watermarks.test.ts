import { describe, expect, it } from "vitest";
import type { PlainEvent } from "../../../../test/support/oracle.ts";
import { entryOf, newState, NOW } from "./support.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const click = (id: string, time: number): PlainEvent => ({
  id,
  type: "click",
  time,
  userId: "u",
  channel: "email",
});

describe("a tenant's watermark", () => {
  it("is no later than the arrival: a clock that is a day ahead makes nobody's events late", () => {
    const state = newState({ latenessMs: HOUR });
    state.process([entryOf([click("fast clock", NOW + DAY), click("right", NOW)])], undefined, NOW);
    const next = state.process([entryOf([click("next", NOW - HOUR + 9)])], undefined, NOW + 9);
    expect(next.counts["default"]).toMatchObject({ processed: 1, late: 0 });
    const late = state.process([entryOf([click("late", NOW - HOUR - 1)])], undefined, NOW + 10);
    expect(late.counts["default"]).toMatchObject({ processed: 1, late: 1 });
  });

  it("follows event time where events arrive long after it", () => {
    const state = newState({ latenessMs: HOUR });
    state.process([entryOf([click("old", NOW - 300 * DAY)])], undefined, NOW);
    const next = state.process([entryOf([click("next", NOW - 300 * DAY - 9)])], undefined, NOW);
    expect(next.counts["default"]).toMatchObject({ processed: 1, late: 0 });
  });

  it("is the same after a rebuild from the fact log, with the arrival that the log holds", () => {
    const batches = [
      { arrivedMs: NOW, events: [click("fast clock", NOW + DAY), click("right", NOW - 5)] },
      { arrivedMs: NOW + 7, events: [click("slow clock", NOW - DAY)] },
    ];
    const state = newState({ latenessMs: HOUR });
    const rebuilt = newState({ latenessMs: HOUR });
    for (const { arrivedMs, events } of batches) {
      const { facts, counts } = state.process([entryOf(events)], undefined, arrivedMs);
      const restored = rebuilt.restore(facts ?? new Uint8Array(0), arrivedMs);
      expect(restored.counts["default"]?.watermarkMs).toBe(counts["default"]?.watermarkMs);
    }
    for (const [i, age] of [HOUR - 1, HOUR, HOUR + 1].entries()) {
      const entry = entryOf([click(`probe ${i}`, NOW - age)]);
      const counts = [state, rebuilt].map(
        (one) => one.process([entry], undefined, NOW + 8).counts["default"]?.late,
      );
      expect(counts).toEqual([age > HOUR ? 1 : 0, age > HOUR ? 1 : 0]);
    }
  });
});
