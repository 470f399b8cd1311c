import { describe, expect, it } from "vitest";
import { BadEntryError, Vocabulary } from "../../src/index.ts";
import type { PlainEvent } from "../../../../test/support/oracle.ts";
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
  it("are the same where several partitions share their strings", () => {
    const batches = (name: string): PlainEvent[][] => [
      [click(`${name} 1`, NOW - 5, { channel: name }), click("t2", NOW - 4, { channel: "search" })],
      [conversion("c", NOW), click(`${name} 2`, NOW - 3, { channel: "search" })],
    ];
    const vocabulary = new Vocabulary(9);
    const shared = new Map(["a", "b"].map((name) => [name, newState({}, vocabulary)]));
    const results = new Map<string, Decoded[]>();
    for (const step of [0, 1]) {
      for (const [name, state] of shared) {
        const batch = batches(name)[step] as PlainEvent[];
        const outcome = state.process([entryOf(batch)]);
        results.set(name, [...(results.get(name) ?? []), ...decodeResults(outcome)]);
      }
    }
    for (const name of shared.keys()) expect(results.get(name)).toEqual(run(batches(name)));
    expect(vocabulary.size).toBeGreaterThan(0);
  });

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
      droppedTouchpointsPerUser: 2,
      droppedFactsPerPartition: 1,
    });
    expect(state.factCount).toBe(4);
  });

  it("drop and count the events of users beyond the bound, and go on with those they know", () => {
    const state = newState({ maxUsers: 2 });
    const of = (userId: string, ids: string[]) => ids.map((id) => click(id, NOW - 9, { userId }));
    const outcome = state.process([
      entryOf([...of("a", ["1"]), ...of("b", ["2"]), ...of("c", ["3", "4"]), ...of("a", ["5"])]),
    ]);
    expect(outcome.counts["default"]).toMatchObject({
      accepted: 5,
      processed: 3,
      droppedUsersPerPartition: 2,
    });
    expect([state.factCount, state.userCount]).toEqual([3, 2]);
  });

  it("keep conversions, refunds and identities longer than what a full partition drops", () => {
    const state = newState({ maxUsers: 8, maxFacts: 16 });
    const crowd = Array.from({ length: 20 }, (_, i) =>
      click(`t${i}`, NOW, { userId: `u${i % 10}` }),
    );
    const outcome = state.process([
      entryOf([
        ...crowd,
        conversion("c", NOW, { userId: "new" }),
        conversion("d", NOW, { userId: "u0" }),
        conversion("e", NOW, { userId: "beyond" }),
      ]),
    ]);
    expect(outcome.counts["default"]).toMatchObject({
      accepted: 23,
      processed: 18,
      droppedUsersPerPartition: 5,
    });
    expect(decodeResults(outcome).map(({ key }) => key)).toEqual(["new/c", "u0/d"]);
  });

  it("hold no user of whom no fact was taken", () => {
    const state = newState({ maxFacts: 1 });
    const events = Array.from({ length: 9 }, (_, i) => click(`t${i}`, NOW, { userId: `u${i}` }));
    const { counts } = state.process([entryOf(events)]);
    expect(counts["default"]).toMatchObject({ processed: 1, droppedFactsPerPartition: 8 });
    expect(state.userCount).toBe(1);
  });

  it("name channels from the campaign, the referrer and the url", () => {
    const touch = (id: string, more: Record<string, unknown>) =>
      ({ id, type: "click", time: NOW - 9, userId: "u", ...more }) as unknown as PlainEvent;
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
