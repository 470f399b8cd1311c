import { expect, test } from "vitest";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import {
  MAX_DESCRIBED,
  MAX_DESCRIBED_TOUCHES,
} from "../../../src/journeys/results/described-result.ts";
import { entryOf, newState, NOW } from "../support.ts";

const click = (id: string, time: number, more: Partial<PlainEvent> = {}): PlainEvent => ({
  id,
  type: "click",
  time,
  userId: "u",
  channel: "email",
  ...more,
});
const conversion = (id: string, time: number, more: Partial<PlainEvent> = {}): PlainEvent => ({
  ...click(id, time, more),
  type: "conversion",
});
const TRACE = new Uint8Array(25).fill(7);

test("results of a traced batch are put into words, those of any other are not", () => {
  const events = [
    click("t1", NOW - 20, { channel: "email" }),
    click("t2", NOW - 10, { channel: "direct" }),
    conversion("c", NOW, { orderId: "o-1" }),
  ];
  expect(newState().process([entryOf(events)]).described).toEqual([]);
  const traced = newState();
  const [described] = traced.process([entryOf(events)], TRACE).described;
  expect(described).toMatchObject({
    conversionId: "c",
    orderId: "o-1",
    revision: 0,
    touches: 2,
    path: ["email", "direct"],
    credits: { linear: [0.5, 0.5], last_touch: [0, 1], last_non_direct: [1, 0] },
  });
  const [again] = traced.process([entryOf([click("t3", NOW - 15)])], TRACE).described;
  expect(again).toMatchObject({ conversionId: "c", revision: 1, touches: 3 });
});

test("a span has little room: the first results, and the first touchpoints of each", () => {
  const many = Array.from({ length: 50 }, (_, i) => [
    ...Array.from({ length: 30 }, (_unused, j) =>
      click(`t${i}-${j}`, NOW - 100 + j, { userId: `u${i}` }),
    ),
    conversion(`c${i}`, NOW, { userId: `u${i}` }),
  ]).flat();
  const { described } = newState().process([entryOf(many)], TRACE);
  expect(described).toHaveLength(MAX_DESCRIBED);
  expect(described[0]).toMatchObject({ touches: 30 });
  expect(described[0]?.path).toHaveLength(MAX_DESCRIBED_TOUCHES);
  expect(described[0]?.credits["linear"]).toHaveLength(MAX_DESCRIBED_TOUCHES);
});

test("a conversion without touchpoints has no credits to describe", () => {
  expect(newState().process([entryOf([conversion("c", NOW)])], TRACE).described).toMatchObject([
    { touches: 0, path: [], credits: {} },
  ]);
});
