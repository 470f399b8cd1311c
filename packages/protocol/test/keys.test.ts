import { describe, expect, it } from "vitest";
import {
  deadLettersKey,
  erasuresKey,
  eventsKey,
  factsKey,
  leaseKey,
  resultsKey,
  rewrittenFactsKey,
  stateKey,
} from "../src/index.ts";

describe("key names", () => {
  it("share one hash tag a partition, so that they share a slot", () => {
    const keys = [
      eventsKey,
      factsKey,
      rewrittenFactsKey,
      erasuresKey,
      resultsKey,
      deadLettersKey,
      stateKey,
      leaseKey,
    ].map((key) => key(7));
    expect(keys).toEqual([
      "{p07}:events",
      "{p07}:facts",
      "{p07}:facts:rewritten",
      "{p07}:erasures",
      "{p07}:results",
      "{p07}:dead-letters",
      "{p07}:state",
      "{p07}:lease",
    ]);
    expect(eventsKey(123)).toBe("{p123}:events");
  });
});
