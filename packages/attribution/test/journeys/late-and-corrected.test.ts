import { describe, expect, it } from "vitest";
import type { PlainEvent } from "../../../../test/support/oracle.ts";
import type { JourneyOptions } from "../../src/index.ts";
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
const sale = (id: string, time: number, more: Partial<PlainEvent> = {}): PlainEvent => ({
  id,
  type: "conversion",
  time,
  userId: "u",
  orderId: "o",
  value: "10.50",
  currency: "EUR",
  ...more,
});
const refund = (id: string, time: number, more: Partial<PlainEvent> = {}): PlainEvent => ({
  id,
  type: "refund",
  time,
  userId: "u",
  orderId: "o",
  ...more,
});
const part = (value: string, currency = "EUR"): Partial<PlainEvent> => ({ value, currency });

/** Feeds batches and gives every result, in order. */
function run(
  batches: readonly (readonly PlainEvent[])[],
  options: Partial<JourneyOptions> = {},
): Decoded[] {
  const state = newState(options);
  return batches.flatMap((batch) => decodeResults(state.process([entryOf(batch)])));
}
const brief = (results: readonly Decoded[]) =>
  results.map(({ revision, reason, path, value }) => [revision, reason, path.join(" "), value]);

describe("touchpoints that come late", () => {
  it("make a new revision each, at both ends of the window, and none just outside", () => {
    const results = run([
      [sale("c", NOW)],
      [click("far", NOW - 30 * DAY)],
      [click("too-far", NOW - 30 * DAY - 1)],
      [click("seen", NOW - DAY, { type: "impression" })],
      [click("seen-too-early", NOW - DAY - 1, { type: "impression" })],
      [click("at", NOW)],
      [click("after", NOW + 1)],
    ]);
    expect(brief(results)).toEqual([
      [0, "first", "", "10.5"],
      [1, "late_touchpoint", "far", "10.5"],
      [2, "late_touchpoint", "far seen", "10.5"],
      [3, "late_touchpoint", "far seen at", "10.5"],
    ]);
  });

  it("that come together make one revision, and one with the conversion none", () => {
    const late = [click("a", NOW - 3), click("b", NOW - 2)];
    expect(brief(run([[sale("c", NOW)], late]))).toEqual([
      [0, "first", "", "10.5"],
      [1, "late_touchpoint", "a b", "10.5"],
    ]);
    expect(brief(run([[sale("c", NOW), ...late]]))).toEqual([[0, "first", "a b", "10.5"]]);
  });

  it("in the conversion's own millisecond count, whichever ID comes first", () => {
    for (const id of ["a", "z"]) {
      expect(run([[sale("m", NOW)], [click(id, NOW)]]).at(-1)?.path).toEqual([id]);
    }
  });

  it("revise every conversion whose window they are in, and no other", () => {
    const results = run([
      [
        sale("c1", NOW - 40 * DAY, { orderId: "o1" }),
        sale("c2", NOW - 20 * DAY, { orderId: "o2" }),
        sale("c3", NOW, { orderId: "o3" }),
      ],
      [click("t", NOW - 25 * DAY)],
    ]);
    const revised = results.filter(({ revision }) => revision === 1);
    expect(revised.map(({ key }) => key).toSorted()).toEqual(["u/c2", "u/c3"]);
  });
});

describe("refunds", () => {
  it("are taken off the order's value, whole or in part, never below nothing", () => {
    const results = run([
      [sale("c", NOW)],
      [refund("r1", NOW + 1, part("4.25"))],
      [refund("r2", NOW + 2, part("1", "USD"))],
      [refund("r3", NOW + 3, part("6.24"))],
      [refund("r4", NOW + 4, part("0.02"))],
      [refund("r5", NOW + 5)],
    ]);
    expect(brief(results)).toEqual([
      [0, "first", "", "10.5"],
      [1, "refund", "", "6.25"],
      // Another currency cannot be subtracted.
      [2, "refund", "", "6.25"],
      [3, "refund", "", "0.01"],
      [4, "refund", "", "0"],
      [5, "refund", "", "0"],
    ]);
  });

  it("that come before their conversion are off its first result", () => {
    const early = [refund("r1", NOW + 5, part("4")), refund("r2", NOW + 6, part("1"))];
    expect(brief(run([early, [sale("c", NOW)]]))).toEqual([[0, "first", "", "5.5"]]);
    expect(brief(run([[refund("r", NOW + 5)], [sale("c", NOW)]]))).toEqual([[0, "first", "", "0"]]);
  });

  it("of no known order are kept, change nothing, and are counted as unmatched", () => {
    const state = newState();
    state.process([entryOf([sale("c", NOW), sale("plain", NOW, { orderId: "" })])]);
    const outcome = state.process([entryOf([refund("r", NOW + 1, { orderId: "another" })])]);
    expect(outcome.results).toEqual([]);
    expect(outcome.counts["default"]).toMatchObject({ processed: 1, unmatchedRefunds: 1, late: 0 });
    const matched = state.process([entryOf([refund("r2", NOW + 1)])]);
    expect(matched.counts["default"]).toMatchObject({ processed: 1, unmatchedRefunds: 0 });
  });

  it("are off each conversion of their order, and in a tenant that reuses order IDs off none of another user's", () => {
    const events = [
      [
        sale("c1", NOW),
        sale("c2", NOW + 1, { name: "lead" }),
        sale("x", NOW, { userId: "v", name: "other" }),
      ],
      [refund("r", NOW + 2, part("3"))],
    ];
    const revisedOf = (results: readonly Decoded[]): string[] =>
      results
        .filter(({ revision }) => revision === 1)
        .map(({ key, value }) => `${key} ${value}`)
        .toSorted();
    expect(revisedOf(run(events))).toEqual(["u/c1 7.5", "u/c2 7.5", "v/x 7.5"]);
    const reuses = { tenants: new Map([["default", { reusedOrderIds: true }]]) };
    expect(revisedOf(run(events, reuses))).toEqual(["u/c1 7.5", "u/c2 7.5"]);
  });
});

describe("an ID that comes again", () => {
  it("changes nothing, however old within the window, also after a rebuild", () => {
    const events = [click("far", NOW - 30 * DAY), sale("c", NOW), refund("r", NOW + 1, part("1"))];
    const state = newState();
    const { facts } = state.process([entryOf(events)]);
    const rebuilt = newState();
    rebuilt.restore(facts ?? new Uint8Array(0));
    for (const held of [state, rebuilt]) {
      for (const event of events) {
        const again = held.process([entryOf([event])]);
        expect(again).toMatchObject({ results: [], factCount: 0 });
        expect(again.counts["default"]).toMatchObject({ accepted: 1, duplicate: 1 });
      }
    }
  });

  it("with other content is left out: what arrived first counts", () => {
    const first = sale("c", NOW, part("10"));
    const second = sale("c", NOW - DAY, part("20"));
    expect(brief(run([[first], [second]]))).toEqual([[0, "first", "", "10"]]);
    expect(brief(run([[second], [first]]))).toEqual([[0, "first", "", "20"]]);
  });
});

describe("what comes later than is allowed for", () => {
  const latenessMs = 1000;
  const late = (event: PlainEvent) => {
    const state = newState({ latenessMs });
    const events = [sale("old", NOW - 2000), sale("c", NOW, { orderId: "o-2" })];
    state.process([entryOf(events)], undefined, NOW);
    return state.process([entryOf([event])]).counts["default"];
  };

  it("is processed, and counted from one millisecond on", () => {
    expect(late(click("t", NOW - 1000))).toMatchObject({ processed: 1, late: 0 });
    expect(late(click("t", NOW - 1001))).toMatchObject({ processed: 1, late: 1 });
    expect(late(sale("c2", NOW - 1001, { orderId: "o-3" }))).toMatchObject({
      processed: 1,
      late: 1,
    });
  });

  it("is a refund of a conversion so old, however young the refund", () => {
    expect(late(refund("r", NOW))).toMatchObject({ processed: 1, late: 1, unmatchedRefunds: 0 });
    expect(late(refund("r", NOW, { orderId: "o-2" }))).toMatchObject({ processed: 1, late: 0 });
  });

  it("is told by the tenant's own events, and after a rebuild as before", () => {
    const state = newState({ latenessMs });
    const { facts } = state.process([entryOf([click("t", NOW)], "a")], undefined, NOW);
    const rebuilt = newState({ latenessMs });
    rebuilt.restore(facts ?? new Uint8Array(0), NOW);
    for (const held of [state, rebuilt]) {
      const old = [click("t2", NOW - 5000)];
      expect(held.process([entryOf(old, "b")]).counts["b"]).toMatchObject({ late: 0 });
      expect(held.process([entryOf(old, "a")]).counts["a"]).toMatchObject({ late: 1 });
    }
  });
});
