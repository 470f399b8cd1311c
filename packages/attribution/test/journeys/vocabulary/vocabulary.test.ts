import { createRowDictionaries, EntryReader, EventRow } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import {
  type BatchOutcome,
  DEFAULT_JOURNEY_OPTIONS,
  PartitionState,
  Vocabulary,
} from "../../../src/index.ts";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import { decodeResults, entryOf, newState, NOW } from "../support.ts";

const BOUND = 1 << 20;
const CONTENT = 4;

/** A click whose content is another with each event, as `utm_content={gclid}` makes it. */
const click = (i: number, more: Record<string, unknown> = {}): PlainEvent =>
  ({
    id: `t${i}`,
    type: "click",
    time: NOW - 100_000 + i,
    userId: `u${i % 7}`,
    source: "google",
    medium: "cpc",
    content: contentOf(i),
    ...more,
  }) as unknown as PlainEvent;
const contentOf = (i: number): string => `EAIaIQobChMI-${i}-of-a-click-that-nobody-repeats`;
const sale = (i: number): PlainEvent => ({
  id: `c${i}`,
  type: "conversion",
  time: NOW + i,
  userId: `u${i % 7}`,
});

/** Texts of a dimension of a fact block, by event ID. */
function factTexts({ facts }: BatchOutcome, dimension: number): Map<string, string> {
  const dictionaries = createRowDictionaries(1);
  const reader = new EntryReader(facts ?? new Uint8Array(0), dictionaries);
  const row = new EventRow();
  const texts = new Map<string, string>();
  while (reader.next(row)) {
    const id = Buffer.from(row.id.subarray(row.idStart, row.idStart + row.idLength)).toString();
    const code = row.dimensions[dimension] ?? 0;
    texts.set(id, dictionaries.dimensions[dimension]?.text(code) ?? "");
  }
  return texts;
}

describe("a vocabulary", () => {
  it("holds no more than its bound, and facts keep their text", { timeout: 60_000 }, () => {
    const vocabulary = new Vocabulary(9, new Map(), BOUND);
    const state = new PartitionState(
      { ...DEFAULT_JOURNEY_OPTIONS, maxFactsPerUser: 20_000 },
      3,
      vocabulary,
    );
    const eventsOfBatch = 1000;
    let overflowed = 0;
    for (let batch = 0; batch < 20; batch += 1) {
      const first = batch * eventsOfBatch;
      const events = Array.from({ length: eventsOfBatch }, (_, i) => click(first + i));
      const outcome = state.process([entryOf(events.slice(0, 600)), entryOf(events.slice(600))]);
      overflowed += outcome.overflowed[CONTENT] ?? 0;
      expect(factTexts(outcome, CONTENT)).toEqual(
        new Map(events.map(({ id }, i) => [id, contentOf(first + i)])),
      );
      expect(vocabulary.byteLength).toBeLessThanOrEqual(BOUND);
    }
    expect(vocabulary.size).toBeLessThan(6000);
    expect(overflowed).toBeGreaterThan(15_000);
    const results = decodeResults(state.process([entryOf([sale(0)])]));
    expect(new Set(results[0]?.channels)).toEqual(new Set(["paid_search"]));
  });

  it("names the values beyond its bound (other), in results", () => {
    const vocabulary = new Vocabulary(9, new Map(), BOUND);
    const state = newState({}, vocabulary);
    state.process([entryOf(Array.from({ length: 5000 }, (_, i) => click(i)))]);
    const outcome = state.process([
      entryOf([click(9000, { userId: "v" }), { ...sale(1), userId: "v" }]),
    ]);
    const block = outcome.results[0];
    expect(outcome.overflowed).toEqual([0, 0, 0, 0, 1, 0]);
    expect(Buffer.from(block?.bytes ?? []).includes("(other)")).toBe(true);
    expect(Buffer.from(block?.bytes ?? []).includes(contentOf(9000))).toBe(false);
    expect(factTexts(outcome, CONTENT).get("t9000")).toBe(contentOf(9000));
  });

  it("names channels by the full text, also of values beyond the bound", () => {
    const vocabulary = new Vocabulary(9, new Map(), BOUND);
    const state = newState({}, vocabulary);
    const sources = Array.from({ length: 5000 }, (_, i) =>
      click(i, { source: `a-source-of-its-own-${i}` }),
    );
    state.process([entryOf(sources)]);
    const landing = "https://shop.example/?utm_medium=cpc&utm_source=bing&utm_content=late-one";
    const outcome = state.process([
      entryOf([
        click(9001, { userId: "v", source: "facebook", medium: "social" }),
        click(9002, { userId: "v", source: "duckduckgo", medium: "organic" }),
        {
          id: "t9003",
          type: "click",
          time: NOW - 1,
          userId: "v",
          url: landing,
        } as unknown as PlainEvent,
        { ...sale(1), userId: "v" },
      ]),
    ]);
    expect(decodeResults(outcome)[0]?.channels).toEqual([
      "organic_social",
      "organic_search",
      "paid_search",
    ]);
    const facts = factTexts(outcome, 0);
    expect([...facts.values()]).toEqual(["facebook", "duckduckgo", "bing", ""]);
    expect(factTexts(outcome, CONTENT).get("t9003")).toBe("late-one");
  });

  it("holds no more combinations than its bound, each time that they come", () => {
    const bound = 1 << 16;
    const vocabulary = new Vocabulary(9, new Map(), bound);
    const state = newState({}, vocabulary);
    const unbounded = newState();
    const names = ["source", "medium", "campaign"];
    for (const batch of [0, 1, 2]) {
      const events = Array.from({ length: 2000 }, (_, i) =>
        click(batch * 2000 + i, {
          source: `source ${i % 13}`,
          medium: i % 7 === 0 ? "cpc" : `medium ${i % 11}`,
          campaign: `campaign ${i % 17}`,
          content: undefined,
        }),
      ).map(({ content: _, ...event }: PlainEvent & { content?: unknown }) => event as PlainEvent);
      const sold = { ...sale(batch), userId: `u${batch}` };
      const entries = [entryOf([...events, sold])];
      const outcome = state.process(entries);
      for (const [d, name] of names.entries()) {
        const texts = events.map((event) => [
          event.id,
          (event as unknown as Record<string, string>)[name],
        ]);
        expect(factTexts(outcome, d)).toEqual(
          new Map([...texts, [sold.id, ""]] as [string, string][]),
        );
      }
      expect(outcome.overflowed.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3000);
      expect(decodeResults(outcome)).toEqual(decodeResults(unbounded.process(entries)));
      expect(vocabulary.byteLength).toBeLessThanOrEqual(bound);
    }
  });

  it("passes over the channels that a tenant counts as direct, and over no other tenant's", () => {
    const own = { rules: [], excludedReferrers: [], direct: ["email", "direct"] };
    const none = { rules: [], excludedReferrers: [], direct: [] };
    const state = newState(
      {},
      new Vocabulary(
        9,
        new Map([
          ["shop", own],
          ["none", none],
        ]),
      ),
    );
    const weightsOf = (tenant: string) => {
      const touches = ["referral", "direct", "email"].map((channel, i) =>
        click(i, { userId: "u", channel, time: NOW - 1000 + i }),
      );
      const events = [...touches, { ...sale(0), userId: "u" }];
      const [result] = decodeResults(state.process([entryOf(events, tenant)]));
      return result?.weights["last_non_direct"];
    };
    expect(weightsOf("shop")).toEqual([1, 0, 0]);
    expect(weightsOf("other")).toEqual([0, 0, 1]);
    expect(weightsOf("none")).toEqual([0, 0, 1]);
  });

  it("names by a tenant's own rules what these say, however many combinations there are", () => {
    const rules = {
      rules: [{ channel: "partners", source: ["partner-*"] }],
      excludedReferrers: [],
    };
    const state = newState({}, new Vocabulary(9, new Map([["shop", rules]])));
    for (const round of [0, 1]) {
      const events = Array.from({ length: 9000 }, (_, i) =>
        click(round * 9000 + i, {
          userId: i % 100 === 0 ? `v${round}` : `w${i % 40}`,
          source: i % 2 === 0 ? `partner-${i}` : "google",
        }),
      );
      const outcome = state.process([
        entryOf([...events, { ...sale(round), userId: `v${round}` }], "shop"),
      ]);
      expect(new Set(decodeResults(outcome)[0]?.channels)).toEqual(new Set(["partners"]));
      const channels = factTexts(outcome, 5);
      expect(
        new Set(
          events.map(({ id }, i) =>
            i % 2 === 0 ? channels.get(id) === "partners" : channels.get(id) === "paid_search",
          ),
        ),
      ).toEqual(new Set([true]));
    }
  });

  it("of another size leads to the same paths, channels and values, also after a rebuild", () => {
    const outcomes = [1 << 16, 1 << 26].map((bound) => {
      const vocabulary = new Vocabulary(9, new Map(), bound);
      const state = newState({}, vocabulary);
      const log = [0, 1, 2].map((batch) =>
        state.process([entryOf(Array.from({ length: 500 }, (_, i) => click(batch * 500 + i)))]),
      );
      const rebuilt = newState({}, new Vocabulary(7, new Map(), (1 << 26) / bound));
      for (const { facts } of log) rebuilt.restore(facts ?? new Uint8Array(0));
      return [state, rebuilt].map((one) =>
        decodeResults(one.process([entryOf([sale(0), sale(1)])])),
      );
    });
    const [first] = outcomes.flat();
    for (const results of outcomes.flat()) expect(results).toEqual(first);
    expect(first?.[0]?.path.length).toBeGreaterThan(200);
  });
});
