import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../../test/support/property-runs.ts";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import { type Decoded, decodeResults, entryOf, newState, NOW } from "../support.ts";

const at = (type: string, id: string, time: number, more: object = {}): PlainEvent =>
  ({ id, type, time, userId: "u", ...more }) as unknown as PlainEvent;
const ad = (id: string, time: number): PlainEvent =>
  at("click", id, time, { source: "google", medium: "cpc" });
const purchase = (id: string, time: number): PlainEvent =>
  at("conversion", id, time, { value: "500", currency: "EUR", orderId: `order-${id}` });
const many = (count: number, event: (i: number) => PlainEvent): PlainEvent[] =>
  Array.from({ length: count }, (_, i) => event(i));
/** Each kind of event that a busy visitor has many of. */
const CROWDS: Record<string, (id: string, time: number) => PlainEvent> = {
  "custom events": (id, time) => at("custom", id, time, { name: "Product Viewed" }),
  "screens without a source": (id, time) => at("visit", id, time, { name: "Home" }),
  identifies: (id, time) => at("identify", id, time),
  "refunds of nothing": (id, time) => at("refund", id, time, { orderId: "none" }),
};

/** The last result of each conversion. */
function lastResults(
  state: ReturnType<typeof newState>,
  entries: readonly PlainEvent[][],
): Decoded[] {
  const last = new Map<string, Decoded>();
  for (const events of entries) {
    for (const result of decodeResults(state.process([entryOf(events)])))
      last.set(result.key, result);
  }
  return [...last.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

describe("the bounds on a user's facts", () => {
  it.each(Object.keys(CROWDS))(
    "leave room for an advertisement and a purchase after 1,100 %s",
    (name) => {
      const crowd = CROWDS[name] as (id: string, time: number) => PlainEvent;
      const events = [
        ...many(1100, (i) => crowd(`c${i}`, NOW - 100_000 + i)),
        ad("ad", NOW - 50),
        purchase("p", NOW),
      ];
      expect(lastResults(newState(), [events])).toMatchObject([{ key: "u/p", value: "500" }]);
      const [result] = lastResults(newState(), [events]);
      expect(result?.path).toContain("ad");
      expect(result?.channels).toContain("paid_search");
    },
  );

  it("leave room for a purchase after 1,100 clicks", () => {
    const events = [...many(1100, (i) => ad(`t${i}`, NOW - 5000 + i)), purchase("p", NOW)];
    const [result] = lastResults(newState(), [events]);
    expect([result?.value, result?.path.length]).toEqual(["500", 1000]);
  });

  it("say by kind what they dropped", () => {
    const state = newState({ maxFactsPerUser: 3, maxConversionsPerUser: 2 });
    const events = [
      ...many(5, (i) => ad(`t${i}`, NOW - i)),
      ...many(5, (i) => at("visit", `v${i}`, NOW - i)),
      ...many(5, (i) => at("custom", `c${i}`, NOW - i, { name: "n" })),
      ...many(5, (i) => at("identify", `i${i}`, NOW - i)),
      ...many(3, (i) => purchase(`p${i}`, NOW - i)),
      at("refund", "r", NOW, { orderId: "order-p0" }),
    ];
    expect(state.process([entryOf(events)]).counts["default"]).toMatchObject({
      accepted: 24,
      processed: 3 + 2 + 3 + 3 + 2,
      droppedTouchpointsPerUser: 2,
      droppedDirectVisitsPerUser: 3,
      droppedCustomPerUser: 2,
      droppedIdentifiesPerUser: 2,
      droppedConversionsPerUser: 2,
    });
  });

  it("keep a visit with a source, and a click without one, apart from direct visits", () => {
    const state = newState({ maxFactsPerUser: 2 });
    const events = [
      ...many(4, (i) => at("visit", `d${i}`, NOW - 50 + i)),
      at("visit", "mail", NOW - 9, { medium: "email" }),
      at("click", "bare", NOW - 8),
      purchase("p", NOW),
    ];
    expect(lastResults(state, [events])[0]?.path).toEqual(["d0", "mail", "bare"]);
  });

  it("drop what was dropped before after a rebuild", () => {
    const options = { maxFactsPerUser: 4, maxConversionsPerUser: 3 };
    const crowd = (from: number): PlainEvent[] => [
      ...many(5, (i) => ad(`t${from + i}`, NOW - 90 + i)),
      ...many(5, (i) => at("visit", `v${from + i}`, NOW - 90 + i)),
      ...many(5, (i) => at("custom", `c${from + i}`, NOW - 90 + i, { name: "n" })),
      ...many(2, (i) => purchase(`p${from + i}`, NOW + i)),
    ];
    const state = newState(options);
    const first = state.process([entryOf(crowd(0))]);
    const rebuilt = newState(options);
    rebuilt.restore(first.facts ?? new Uint8Array());
    const next = entryOf(crowd(100));
    const expected = state.process([next]);
    const actual = rebuilt.process([next]);
    expect(actual.counts).toEqual(expected.counts);
    expect(decodeResults(actual)).toEqual(decodeResults(expected));
    expect(actual.counts["default"]).toMatchObject({ processed: 1, droppedConversionsPerUser: 1 });
  });

  it("let an event that is dropped join its anonymous ID to its user", () => {
    const state = newState({ maxFactsPerUser: 1 });
    const identify = (id: string, more: object): PlainEvent => at("identify", id, NOW - 60, more);
    const before = {
      id: "before",
      type: "click",
      time: NOW - 70,
      anonymousId: "a",
      source: "google",
    } as unknown as PlainEvent;
    state.process([entryOf([before, identify("i1", {}), purchase("p", NOW)])]);
    const outcome = state.process([entryOf([identify("i2", { anonymousId: "a" })])]);
    expect(outcome.counts["default"]).toMatchObject({ droppedIdentifiesPerUser: 1 });
    const results: Decoded[] = [];
    for (let { messages } = outcome; messages.length > 0;) {
      const relayed = state.process(messages.map(({ bytes }) => bytes));
      results.push(...decodeResults(relayed));
      ({ messages } = relayed);
    }
    expect(results.at(-1)).toMatchObject({ key: "u/p", reason: "merge", path: ["before"] });
  });

  it("take the same events whatever the order, where each kind is within its bound", () => {
    const options = { maxFactsPerUser: 4, maxConversionsPerUser: 3 };
    const kept = [
      ...many(4, (i) => ad(`t${i}`, NOW - 100 + 10 * i)),
      ...many(2, (i) => at("visit", `v${i}`, NOW - 95 + 10 * i)),
      ...many(3, (i) => purchase(`p${i}`, NOW - 60 + 30 * i)),
    ];
    const crowd = many(12, (i) => at("custom", `c${i}`, NOW - 100 + 7 * i, { name: "n" }));
    const summary = (results: readonly Decoded[]): unknown =>
      results.map(({ key, value, path }) => ({ key, value, path }));
    const expected = summary(lastResults(newState(options), [kept]));
    const order = fc.shuffledSubarray([...kept, ...crowd], {
      minLength: kept.length + crowd.length,
    });
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 9 }), (events, size) => {
        const entries = chunks(events, size);
        expect(summary(lastResults(newState(options), entries))).toEqual(expected);
      }),
      { numRuns: runs(200) },
    );
  });
});

function chunks(events: readonly PlainEvent[], size: number): PlainEvent[][] {
  return Array.from({ length: Math.ceil(events.length / size) }, (_, i) =>
    events.slice(i * size, (i + 1) * size),
  );
}
