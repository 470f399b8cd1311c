import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import {
  type AutoscaleLimits,
  type AutoscaleMemory,
  type AutoscaleSignal,
  decideWorkers,
  NO_MEMORY,
} from "../../src/autoscale/decide-workers.ts";

const LIMITS: AutoscaleLimits = {
  minWorkers: 1,
  maxWorkers: 8,
  targetSeconds: 1,
  calmMs: 60_000,
  settleMs: 3000,
};
const quiet: AutoscaleSignal = {
  nowMs: 1_000_000,
  workers: 2,
  ageSeconds: 0,
  secondsToDrain: 0,
  eventsPerSecond: 100,
};
const decide = (more: Partial<AutoscaleSignal>, memory: Partial<AutoscaleMemory> = {}) =>
  decideWorkers(LIMITS, { ...NO_MEMORY, ...memory }, { ...quiet, ...more });

describe("the number of workers", () => {
  it("grows in proportion to what waits, at most twofold, and says why", () => {
    const decision = decide({ ageSeconds: 1.3, secondsToDrain: 0.9 });
    expect(decision.workers).toBe(3);
    expect(decision.reason).toBe(
      "the oldest event waits for 1.3 s, all is done in 0.9 s (target 1 s)",
    );
    expect(decide({ ageSeconds: 30 }).workers).toBe(4);
    expect(decide({ workers: 7, ageSeconds: 30 }).workers).toBe(8);
    // Nothing is done at all: who has the partitions is stuck.
    expect(decide({ secondsToDrain: null }).workers).toBe(4);
    expect(decide({ secondsToDrain: null }).reason).toContain("and nothing is done");
  });

  it("stays while a change settles, and at its limits, and says that there are no more", () => {
    expect(decide({ ageSeconds: 9 }, { changedAtMs: 999_000 }).workers).toBe(2);
    const full = decide({ workers: 8, ageSeconds: 9 });
    expect([full.workers, full.reason]).toEqual([
      8,
      expect.stringMatching(/8 workers are the most$/),
    ]);
    expect(decide({ workers: 9 }).workers).toBe(8);
    expect(decide({ workers: 0 }).workers).toBe(1);
  });

  it("falls by one after a long calm, where the others have done as much before", () => {
    const calm = { calmSinceMs: 939_000, changedAtMs: 0, eventsPerWorker: 0 };
    expect(decide({}, calm).workers).toBe(1);
    expect(decide({}, { ...calm, calmSinceMs: 941_000 }).workers).toBe(2);
    expect(decide({}, { ...calm, changedAtMs: 941_000 }).workers).toBe(2);
    expect(decide({ workers: 1 }, calm).workers).toBe(1);
    expect(decide({ ageSeconds: 0.5 }, calm).memory.calmSinceMs).toBeUndefined();
    const busy = decide({ eventsPerSecond: 900 }, { ...calm, eventsPerWorker: 1000 });
    expect([busy.workers, busy.reason]).toEqual([
      2,
      "calm, but 900 events a second are too many for 1",
    ]);
    expect(decide({ eventsPerSecond: 600 }, { ...calm, eventsPerWorker: 1000 }).workers).toBe(1);
  });
});

const signal = fc.record({
  nowMs: fc.integer({ min: 0, max: 1e9 }),
  workers: fc.integer({ min: 0, max: 20 }),
  ageSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
  secondsToDrain: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
  eventsPerSecond: fc.double({ min: 0, max: 1e7, noNaN: true }),
});
const memory = fc.record({
  calmSinceMs: fc.option(fc.integer({ min: 0, max: 1e9 }), { nil: undefined }),
  changedAtMs: fc.integer({ min: 0, max: 1e9 }),
  eventsPerWorker: fc.double({ min: 0, max: 1e7, noNaN: true }),
});

it("is within its limits, whatever is measured, and never less for more that waits", () => {
  fc.assert(
    fc.property(
      signal,
      memory,
      fc.double({ min: 0, max: 1e3, noNaN: true }),
      (now, before, more) => {
        const { workers } = decideWorkers(LIMITS, before, now);
        expect(workers).toBeGreaterThanOrEqual(LIMITS.minWorkers);
        expect(workers).toBeLessThanOrEqual(LIMITS.maxWorkers);
        const longer = { ...now, ageSeconds: now.ageSeconds + more };
        expect(decideWorkers(LIMITS, before, longer).workers).toBeGreaterThanOrEqual(workers);
      },
    ),
  );
});

/** Workers of a capacity over an hour of a steady load, looked at twice a second. @returns the numbers of workers there were */
function simulate(eventsPerSecond: number, capacity: number, start: number): number[] {
  const stepS = 0.5;
  const seen = [start];
  let workers = start;
  let waiting = 0;
  let state = NO_MEMORY;
  for (let at = 0; at < 3600; at += stepS) {
    const able = workers * capacity;
    const done = Math.min(waiting + eventsPerSecond * stepS, able * stepS);
    waiting += eventsPerSecond * stepS - done;
    const decision = decideWorkers(LIMITS, state, {
      nowMs: at * 1000,
      workers,
      ageSeconds: waiting / eventsPerSecond,
      secondsToDrain: waiting / able,
      eventsPerSecond: done / stepS,
    });
    state = decision.memory;
    if (decision.workers !== workers) seen.push(decision.workers);
    workers = decision.workers;
  }
  return seen;
}

it("comes to rest under a steady load, with enough workers and not twice too many", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7900 }),
      fc.integer({ min: 1, max: 8 }),
      (load, start) => {
        const capacity = 1000;
        const seen = simulate(load, capacity, start);
        const last = seen.at(-1) ?? 0;
        const needed = Math.ceil(load / capacity);
        expect(last).toBeGreaterThanOrEqual(needed);
        expect(last).toBeLessThanOrEqual(Math.min(8, 2 * needed + 1));
        // Down to where it is too few once, and up again: then it is known what a worker does.
        const turns = seen.filter(
          (n, i) =>
            i > 1 &&
            Math.sign(n - (seen[i - 1] ?? n)) !==
              Math.sign((seen[i - 1] ?? n) - (seen[i - 2] ?? n)),
        );
        expect(turns.length).toBeLessThanOrEqual(2);
      },
    ),
    { numRuns: runs(60) },
  );
});
