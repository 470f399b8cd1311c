import { describe, expect, it } from "vitest";
import type { PlainEvent } from "../../../../test/support/oracle.ts";
import { decodeResults, entryOf, newState, NOW } from "./support.ts";

const USERS = 12;
const CONVERSIONS = 60;
const TOUCHES = 60;

/** Events of a user whose every conversion sees every touchpoint. */
const journeyOf = (user: string): PlainEvent[] => [
  ...Array.from({ length: TOUCHES }, (_, i): PlainEvent => ({
    id: `t${i}`,
    type: "click",
    time: NOW - 1000 + i,
    userId: user,
    channel: "email",
  })),
  ...Array.from({ length: CONVERSIONS }, (_, i): PlainEvent => ({
    id: `c${i}`,
    type: "conversion",
    time: NOW + i,
    userId: user,
  })),
];
const lateTouch = (user: string): PlainEvent => ({
  id: "late",
  type: "click",
  time: NOW - 5000,
  userId: user,
  channel: "email",
});
const users = Array.from({ length: USERS }, (_, i) => `u${i}`);
const journeys = users.map((user) => entryOf(journeyOf(user)));
const late = users.map((user) => entryOf([lateTouch(user)]));

describe("the bound on a batch's results", () => {
  it("ends the batch early, and the entries left give what they would have given", () => {
    const maxResultBytes = 1_000_000;
    const state = newState({ maxResultBytes });
    const unbounded = newState();
    unbounded.process(journeys);
    for (const entry of journeys) state.process([entry]);
    const expected = decodeResults(unbounded.process(late));
    const given = [];
    const sizes = [];
    for (let from = 0; from < late.length;) {
      const outcome = state.process(late.slice(from));
      from += outcome.entries;
      sizes.push(outcome.results.reduce((sum, { bytes }) => sum + bytes.length, 0));
      given.push(...decodeResults(outcome));
    }
    expect(sizes.length).toBeGreaterThan(1);
    // One entry more than fits, as its results are known once it is taken.
    expect(Math.max(...sizes)).toBeLessThan(2 * maxResultBytes);
    expect(given).toEqual(expected);
  });

  it("takes one entry alone, whatever its results are", () => {
    const state = newState({ maxResultBytes: 1 });
    const outcome = state.process(journeys);
    expect(outcome.entries).toBe(1);
    expect(decodeResults(outcome)).toHaveLength(CONVERSIONS);
  });

  it("leaves the arrival that the commit of the entries taken has: a rebuild ends the same", () => {
    const options = { maxResultBytes: 1, latenessMs: 0 };
    const [state, rebuilt] = [newState(options), newState(options)];
    const entries = [entryOf([...journeyOf("u"), { ...lateTouch("u"), id: "f", time: NOW + 9e6 }])];
    const arrivedMs = [NOW, NOW + 50_000];
    const outcome = state.process([...entries, entryOf([lateTouch("v")])], undefined, arrivedMs);
    expect(outcome.entries).toBe(1);
    expect(outcome.counts["default"]?.watermarkMs).toBe(NOW);
    rebuilt.restore(outcome.facts ?? new Uint8Array(0), NOW);
    for (const one of [state, rebuilt]) {
      const probe = entryOf([{ ...lateTouch("w"), time: NOW }]);
      expect(one.process([probe], undefined, NOW).counts["default"]?.late).toBe(0);
    }
  });
});
