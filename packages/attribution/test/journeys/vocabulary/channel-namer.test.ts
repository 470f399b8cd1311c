import { createRowDictionaries, EntryReader, EventRow, readResultBlock } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { type BatchOutcome, type ChannelSettings, Vocabulary } from "../../../src/index.ts";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import { entryOf, newState, NOW } from "../support.ts";

const SETTINGS: ChannelSettings = {
  rules: [],
  excludedReferrers: [],
  names: {
    fold: ["source", "campaign", "channel"],
    aliases: { source: { gogle: "Google" }, channel: { paid_search: "SEA" } },
  },
  utm: { fragments: true, escaped: true },
};
const own = (): Vocabulary => new Vocabulary(9, new Map([["shop", SETTINGS]]));

const touch = (i: number, more: Record<string, unknown>): PlainEvent =>
  ({
    id: `t${i}`,
    type: "click",
    time: NOW - 1000 + i,
    userId: "ada",
    ...more,
  }) as unknown as PlainEvent;
const SALE: PlainEvent = { id: "c", type: "conversion", time: NOW, userId: "ada" };
const TOUCHES = [
  touch(0, { source: "Google", medium: "cpc", campaign: "Spring Sale" }),
  touch(1, { source: "google", medium: "cpc", campaign: "spring  sale" }),
  touch(2, { source: "GOOGLE ", medium: "cpc", campaign: "SPRING SALE" }),
  touch(3, { source: "Gogle", medium: "cpc" }),
  touch(4, { channel: " Podcast" }),
  touch(5, { url: "https://shop.example/#utm_source=GOOGLE&amp;utm_medium=cpc" }),
];

/** Dimensions of the path of the batch's only result: source, campaign, channel. */
function pathOf({ results }: BatchOutcome): string[] {
  const dictionaries = createRowDictionaries(6);
  const block = readResultBlock(results[0]?.bytes ?? new Uint8Array(0), dictionaries);
  const row = new EventRow();
  return Array.from({ length: block.touchCounts[0] ?? 0 }, () => {
    block.touches.next(row);
    return [0, 2, 5].map((d) => dictionaries.dimensions[d]?.text(row.dimensions[d] ?? 0)).join("/");
  });
}

/** The same of the touchpoints among a batch's facts. */
function factsOf({ facts }: BatchOutcome): string[] {
  const dictionaries = createRowDictionaries(1);
  const reader = new EntryReader(facts ?? new Uint8Array(0), dictionaries);
  const row = new EventRow();
  const found: string[] = [];
  while (reader.next(row)) {
    found.push(
      [0, 2, 5].map((d) => dictionaries.dimensions[d]?.text(row.dimensions[d] ?? 0)).join("/"),
    );
  }
  return found;
}

const FOLDED = [
  "Google/spring sale/SEA",
  "Google/spring sale/SEA",
  "Google/spring sale/SEA",
  "Google//SEA",
  "//podcast",
  "Google//SEA",
];

describe("names that a tenant folds", () => {
  it("are one in results, and stay as they were sent in facts", () => {
    const state = newState({}, own());
    const taken = state.process([entryOf(TOUCHES, "shop")]);
    expect(factsOf(taken)).toEqual([
      "Google/Spring Sale/paid_search",
      "google/spring  sale/paid_search",
      "GOOGLE /SPRING SALE/paid_search",
      "Gogle//paid_search",
      "// Podcast",
      "GOOGLE//paid_search",
    ]);
    expect(pathOf(state.process([entryOf([SALE], "shop")]))).toEqual(FOLDED);
  });

  it("are the same after a rebuild from the facts", () => {
    const { facts = new Uint8Array(0) } = newState({}, own()).process([entryOf(TOUCHES, "shop")]);
    const rebuilt = newState({}, own());
    rebuilt.restore(facts);
    expect(pathOf(rebuilt.process([entryOf([SALE], "shop")]))).toEqual(FOLDED);
  });

  it("are folded by the settings of today, also those of facts before", () => {
    const { facts = new Uint8Array(0) } = newState().process([
      entryOf(TOUCHES.slice(0, 3), "shop"),
    ]);
    const rebuilt = newState({}, own());
    rebuilt.restore(facts);
    expect(pathOf(rebuilt.process([entryOf([SALE], "shop")]))).toEqual(FOLDED.slice(0, 3));
  });

  it("are each their own for another tenant", () => {
    const state = newState({}, own());
    state.process([entryOf(TOUCHES.slice(0, 3), "other")]);
    expect(pathOf(state.process([entryOf([SALE], "other")]))).toEqual([
      "Google/Spring Sale/paid_search",
      "google/spring  sale/paid_search",
      "GOOGLE /SPRING SALE/paid_search",
    ]);
  });

  it("are folded however many combinations there are", () => {
    const state = newState({ maxFactsPerUser: 20_000 }, own());
    for (const round of [0, 1]) {
      const many = Array.from({ length: 9000 }, (_, i) =>
        touch(round * 9000 + i, { userId: `u${i}`, source: `Source ${i}`, time: NOW - 20_000 + i }),
      );
      state.process([
        entryOf(
          [
            ...many,
            touch(20_000 + round, {
              userId: "eve",
              time: NOW - 9 + round,
              source: `Source ${round}`,
            }),
          ],
          "shop",
        ),
      ]);
    }
    const sale = { ...SALE, userId: "eve" };
    expect(pathOf(state.process([entryOf([sale], "shop")]))).toEqual([
      "source 0//other",
      "source 1//other",
    ]);
  });
});
