import { describe, expect, it } from "vitest";
import {
  deadLettersKey,
  eventsKey,
  factsKey,
  leaseKey,
  resultsKey,
  stateKey,
} from "../src/index.ts";

describe("key names", () => {
  it("share one hash tag a partition, so that they share a slot", () => {
    const keys = [eventsKey, factsKey, resultsKey, deadLettersKey, stateKey, leaseKey].map((key) =>
      key(7),
    );
    expect(keys).toEqual([
      "{p07}:events",
      "{p07}:facts",
      "{p07}:results",
      "{p07}:dead-letters",
      "{p07}:state",
      "{p07}:lease",
    ]);
    expect(eventsKey(123)).toBe("{p123}:events");
  });
});
