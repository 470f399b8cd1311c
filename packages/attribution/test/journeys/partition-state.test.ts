import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadEntryError } from "../../src/index.ts";
import { expectedResults, type PlainEvent } from "../../../../test/support/oracle.ts";
import { type Decoded, decodeResults, entryOf, newState, NOW } from "./support.ts";

const DAY = 86_400_000;
const click = (id: string, time: number, more: Partial<PlainEvent> = {}): PlainEvent => ({
  id,
  type: "click",
  time,
  userId: "u",
  channel: "email",
  ...more,
});
const conversion = (id: string, time: number, more: Partial<PlainEvent> = {}): PlainEvent => ({
  id,
  type: "conversion",
  time,
  userId: "u",
  value: "10",
  currency: "EUR",
  ...more,
});

/** Feeds batches and gives every result, in order. */
function run(batches: readonly (readonly PlainEvent[])[]): Decoded[] {
  const state = newState();
  return batches.flatMap((batch) => decodeResults(state.process([entryOf(batch)])));
}

describe("a partition's journeys", () => {
  it("credit a conversion to the touchpoints before it, with the same millisecond counted", () => {
    const results = run([
      [
        click("t2", NOW - 5),
        click("t1", NOW - 9),
        conversion("c", NOW),
        click("t3", NOW),
        click("t4", NOW + 1),
      ],
    ]);
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({
      key: "u/c",
      revision: 0,
      reason: "first",
      value: "10",
      path: ["t1", "t2", "t3"],
    });
  });

  it("count both ends of a window in", () => {
    const inside = [click("a", NOW - 30 * DAY), click("b", NOW - DAY, { type: "impression" })];
    const outside = [
      click("x", NOW - 30 * DAY - 1),
      click("y", NOW - DAY - 1, { type: "impression" }),
    ];
    expect(run([[...inside, ...outside, conversion("c", NOW)]])[0]?.path).toEqual(["a", "b"]);
  });

  it("order equal times by ID as text, also where one is a UUID and one is long", () => {
    const ids = [
      "0192f3c4-1111-4222-8333-000000000001",
      "0192f3c4",
      "1",
      "zz",
      "0192f3c4-1111-4222-8333-0000000000010-longer-than-a-slot",
    ];
    const results = run([[...ids.map((id) => click(id, NOW - 1)), conversion("c", NOW)]]);
    expect(results[0]?.path).toEqual(ids.toSorted());
  });

  it("keep a conversion without touchpoints, as unattributed", () => {
    expect(run([[conversion("c", NOW)]])).toMatchObject([{ key: "u/c", path: [], value: "10" }]);
  });

  it("make a new revision for a touchpoint that comes late, and none for one outside the window", () => {
    const results = run([
      [conversion("c", NOW)],
      [click("late", NOW - DAY)],
      [click("old", NOW - 31 * DAY)],
      [click("after", NOW + 1)],
    ]);
    expect(results.map(({ revision, reason, path }) => [revision, reason, path])).toEqual([
      [0, "first", []],
      [1, "late_touchpoint", ["late"]],
    ]);
  });

  it("leave out an event whose ID the user's journey holds, whatever its time", () => {
    const state = newState();
    state.process([entryOf([click("t", NOW - 5), conversion("c", NOW)])]);
    const again = state.process([
      entryOf([
        click("t", NOW - 5),
        click("t", NOW - 3),
        conversion("c", NOW + 7),
        click("t", NOW, { userId: "other" }),
      ]),
    ]);
    expect(again.results).toEqual([]);
    expect(again.counts["default"]).toMatchObject({ accepted: 4, duplicate: 3, processed: 1 });
    expect(again.factCount).toBe(1);
  });

  it("never let two users share a journey: not by kind of ID, nor by tenant", () => {
    const state = newState();
    state.process([entryOf([click("t", NOW - 5)], "a")]);
    const anonymous = {
      id: "t2",
      type: "click",
      time: NOW - 4,
      anonymousId: "u",
      channel: "x",
    } as unknown as PlainEvent;
    state.process([entryOf([anonymous], "b")]);
    const results = decodeResults(state.process([entryOf([conversion("c", NOW)], "b")]));
    expect(results).toMatchObject([{ tenant: "b", path: [] }]);
  });

  it("take a refund off the order's value, whole or in part, never below nothing", () => {
    const refund = (id: string, time: number, more: Partial<PlainEvent>): PlainEvent => ({
      id,
      type: "refund",
      time,
      userId: "u",
      orderId: "o",
      ...more,
    });
    const results = run([
      [click("t", NOW - 5), conversion("c", NOW, { orderId: "o", value: "10.50" })],
      [refund("r1", NOW + 1, { value: "4.25", currency: "EUR" })],
      [refund("r2", NOW + 2, { value: "1", currency: "USD" })],
      [refund("r3", NOW + 3, {})],
    ]);
    expect(results.map(({ value, reason }) => [value, reason])).toEqual([
      ["10.5", "first"],
      ["6.25", "refund"],
      ["6.25", "refund"],
      ["0", "refund"],
    ]);
  });

  it("drop and count what exceeds the bounds", () => {
    const state = newState({ maxFactsPerUser: 3, maxFacts: 4 });
    const events = Array.from({ length: 5 }, (_, i) => click(`t${i}`, NOW - i));
    const outcome = state.process([
      entryOf(events),
      entryOf([click("a", NOW, { userId: "v" }), click("b", NOW, { userId: "w" })]),
    ]);
    expect(outcome.counts["default"]).toMatchObject({
      accepted: 7,
      processed: 4,
      droppedFactsPerUser: 2,
      droppedFactsPerPartition: 1,
    });
    expect(state.factCount).toBe(4);
  });

  it("name channels from the campaign, the referrer and the url", () => {
    const touch = (id: string, more: Record<string, unknown>) =>
      ({ id, type: "visit", time: NOW - 9, userId: "u", ...more }) as unknown as PlainEvent;
    const results = run([
      [
        touch("1", { source: "google", medium: "cpc" }),
        touch("2", { referrer: "https://www.google.com/" }),
        touch("3", {}),
        touch("4", { url: "https://shop.example/?utm_source=news&utm_medium=email" }),
        touch("5", { channel: "Podcast" }),
        conversion("c", NOW),
      ],
    ]);
    expect(results[0]?.channels).toEqual([
      "paid_search",
      "organic_search",
      "direct",
      "email",
      "Podcast",
    ]);
  });

  it("name an impression and a visit with the same campaign apart, whichever comes first", () => {
    const touch = (id: string, type: "impression" | "visit"): PlainEvent => ({
      id,
      type,
      time: NOW - 9,
      userId: "u",
    });
    for (const touches of [
      [touch("1", "impression"), touch("2", "visit")],
      [touch("2", "visit"), touch("1", "impression")],
    ]) {
      expect(run([[...touches, conversion("c", NOW)]])[0]?.channels).toEqual(["display", "direct"]);
    }
  });

  it("name the entry that cannot be decoded", () => {
    const bad = entryOf([click("t", NOW)]).slice(0, 30);
    try {
      newState().process([entryOf([click("a", NOW)]), bad]);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(BadEntryError);
      expect((error as BadEntryError).index).toBe(1);
    }
  });

  it("close a result block before its touchpoints are too many for an entry", () => {
    const touches = Array.from({ length: 600 }, (_, i) => click(`t${i}`, NOW - 600 + i));
    const conversions = Array.from({ length: 120 }, (_, i) => conversion(`c${i}`, NOW + i));
    const outcome = newState().process([entryOf(touches), entryOf(conversions)]);
    expect(outcome.results.length).toBeGreaterThan(1);
    const decoded = decodeResults(outcome);
    expect(decoded).toHaveLength(120);
    expect(decoded.every(({ path }) => path.length === 600)).toBe(true);
  });
});

const arbitraryEvents = fc
  .array(
    fc
      .record({
        id: fc.oneof(
          fc.nat(60).map((i) => `e${i}`),
          fc.nat(9).map((i) => `0192f3c4-1111-4222-8333-00000000000${i}`),
          fc.nat(5).map((i) => `a-rather-long-identifier-${i}`),
        ),
        type: fc.constantFrom(
          "impression",
          "click",
          "click",
          "visit",
          "conversion",
          "conversion",
          "custom",
          "refund" as const,
        ),
        time: fc.oneof(
          fc.integer({ min: NOW - 40 * DAY, max: NOW }),
          fc.integer({ min: NOW - 3, max: NOW }),
        ),
        userId: fc.constantFrom("u", "v", "0192f3c4-aaaa-4222-8333-00000000000a"),
        channel: fc.constantFrom("email", "direct", "paid_search"),
        cents: fc.nat(5000),
        order: fc.constantFrom("o1", "o2"),
      })
      .map(({ cents, order, type, channel, ...event }): PlainEvent => {
        const value = (cents / 100).toFixed(2);
        if (type === "conversion")
          return { ...event, type, value, currency: "EUR", orderId: order };
        if (type === "refund")
          return {
            ...event,
            type,
            orderId: order,
            ...(cents < 3000 ? { value, currency: "EUR" } : {}),
          };
        return { ...event, type, channel };
      }),
    { maxLength: 60 },
  )
  .map((events) => {
    // An ID names one event: its second appearance is a retry of the first, and the first is what counts.
    const first = new Map<string, PlainEvent>();
    return events.map((event) => {
      const key = `${event.userId}/${event.id}`;
      const known = first.get(key) ?? event;
      first.set(key, known);
      return known;
    });
  });

describe("any arrival", () => {
  it("ends in the results that all events at once would give, also across a rebuild from the fact log", () => {
    fc.assert(
      fc.property(
        arbitraryEvents,
        fc.infiniteStream(fc.nat(7)),
        fc.infiniteStream(fc.boolean()),
        (events, sizes, rebuilds) => {
          let state = newState();
          const log: Uint8Array[] = [];
          const last = new Map<string, Decoded>();
          let at = 0;
          while (at < events.length) {
            const size = 1 + (sizes.next().value ?? 0);
            const outcome = state.process([entryOf(events.slice(at, at + size))]);
            at += size;
            if (outcome.facts !== undefined) log.push(outcome.facts);
            for (const result of decodeResults(outcome)) {
              // Revisions count up one by one, whatever was rebuilt in between.
              expect(result.revision).toBe((last.get(result.key)?.revision ?? -1) + 1);
              last.set(result.key, result);
            }
            if (rebuilds.next().value === true) {
              state = newState();
              for (const block of log) state.restore(block);
            }
          }
          const expected = expectedResults(events);
          expect(new Set(last.keys())).toEqual(new Set(expected.keys()));
          for (const [key, result] of last) {
            const plain = expected.get(key);
            expect(result.path).toEqual(plain?.path);
            expect(Math.round(Number(result.value) * 100)).toBe(plain?.cents);
            for (const [model, weights] of Object.entries(result.weights)) {
              expect(weights).toHaveLength(plain?.weights[model]?.length ?? -1);
              for (const [i, weight] of weights.entries())
                expect(weight).toBeCloseTo(plain?.weights[model]?.[i] ?? -1, 12);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
