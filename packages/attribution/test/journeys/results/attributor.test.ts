import { expect, it } from "vitest";
import { MAX_ENTRY_EVENTS } from "@tributary/protocol";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import { decodeResults, entryOf, newState, NOW } from "../support.ts";

const DAY = 86_400_000;

it("gives more results without touchpoints than one block can hold", { timeout: 120_000 }, () => {
  const users = 1400;
  const conversionsOfUser = 50;
  const state = newState();
  const usersAtOnce = 700;
  for (let from = 0; from < users; from += usersAtOnce) {
    const events = Array.from({ length: Math.min(usersAtOnce, users - from) }, (_, u) =>
      Array.from({ length: conversionsOfUser }, (_unused, i): PlainEvent => ({
        id: `c${from + u}-${i}`,
        type: "conversion",
        time: NOW + i,
        userId: `u${from + u}`,
        orderId: `o${from + u}`,
        name: `n${i}`,
        value: "10",
        currency: "EUR",
      })),
    ).flat();
    state.process([entryOf(events)]);
  }
  const refunds = Array.from({ length: users }, (_, u): PlainEvent => ({
    id: `r${u}`,
    type: "refund",
    time: NOW + DAY,
    userId: `u${u}`,
    orderId: `o${u}`,
    value: "4",
    currency: "EUR",
  }));
  const outcome = state.process([entryOf(refunds)]);
  const results = decodeResults(outcome);
  expect(results).toHaveLength(users * conversionsOfUser);
  expect(results.length).toBeGreaterThan(MAX_ENTRY_EVENTS);
  expect(results.every(({ revision, value }) => revision === 1 && value === "6")).toBe(true);
  expect(new Set(results.map(({ key }) => key)).size).toBe(results.length);
});
