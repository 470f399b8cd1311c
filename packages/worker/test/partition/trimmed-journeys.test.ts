/** Journeys over a fact log that is trimmed: retention and memory together, as the worker runs them. */
import { DEFAULT_JOURNEY_OPTIONS, PartitionState } from "@tributary/attribution";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { expectedResults, type PlainEvent } from "../../../../test/support/oracle.ts";
import { FactRetention } from "../../src/partition/retention.ts";
import { decodeResults, entryOf, NOW } from "../support/blocks.ts";

const HOUR = 3_600_000;
const WINDOW = 4 * HOUR;
const LATENESS = HOUR;
const OPTIONS = {
  ...DEFAULT_JOURNEY_OPTIONS,
  clickWindowMs: WINDOW,
  viewWindowMs: HOUR,
  latenessMs: LATENESS,
};

/** A partition as a worker keeps it, with a log whose facts stay no longer than they matter. */
class Partition {
  #state = new PartitionState(OPTIONS, 1);
  readonly #retention = new FactRetention(WINDOW + LATENESS, 0);
  #log: { id: string; block: Uint8Array }[] = [];
  #blocks = 0;
  late = 0;
  duplicates = 0;
  trimmed = 0;
  /** The last result of each conversion, by ID: touchpoints and value. */
  readonly last = new Map<string, { path: string[]; value: string }>();

  /** One batch, its commit, and what retention then trims. */
  take(...events: PlainEvent[]): void {
    const outcome = this.#state.process([entryOf(events)], undefined, NOW);
    for (const { key, path, value } of decodeResults(outcome)) this.last.set(key, { path, value });
    const counts = outcome.counts["default"];
    this.late += counts?.late ?? 0;
    this.duplicates += counts?.duplicate ?? 0;
    if (outcome.facts === undefined) return;
    this.#blocks += 1;
    const id = `${this.#blocks}-0`;
    this.#log.push({ id, block: outcome.facts });
    this.#retention.add(id, outcome.counts);
    const { factsFrom } = this.#retention.decide(NOW);
    const kept = this.#log.findIndex((entry) => entry.id === factsFrom);
    this.trimmed += kept;
    this.#log = this.#log.slice(kept);
  }

  /** As after a crash: what is not in the log is forgotten. */
  rebuild(): void {
    this.#state = new PartitionState(OPTIONS, 1);
    for (const { block } of this.#log) this.#state.restore(block, NOW);
  }
}

const click = (id: string, time: number): PlainEvent => ({
  id,
  type: "click",
  time,
  userId: "u",
  channel: "email",
});
const sale = (id: string, time: number): PlainEvent => ({
  id,
  type: "conversion",
  time,
  userId: "u",
  orderId: id,
  value: "10",
  currency: "EUR",
});
const refund = (id: string, time: number, orderId: string): PlainEvent => ({
  id,
  type: "refund",
  time,
  userId: "u",
  orderId,
  value: "4",
  currency: "EUR",
});

const START = NOW - 100 * HOUR;
const events = fc
  .array(
    fc.record({
      kind: fc.constantFrom("click", "click", "sale", "refund"),
      time: fc.integer({ min: START, max: START + 20 * HOUR }),
      delay: fc.oneof(fc.constantFrom(0, LATENESS), fc.integer({ min: 0, max: LATENESS })),
    }),
    { minLength: 10, maxLength: 80 },
  )
  .map((drawn) =>
    drawn.flatMap(({ kind, time, delay }, i) => {
      if (kind === "click") return [{ event: click(`t${i}`, time), arrives: time + delay }];
      const bought = { event: sale(`c${i}`, time), arrives: time + delay };
      if (kind === "sale") return [bought];
      // A refund within the allowed lateness of its conversion; with enough delay for the other it comes before it.
      return [bought, { event: refund(`r${i}`, time, `c${i}`), arrives: time + LATENESS - delay }];
    }),
  );

describe("a trimmed log", () => {
  it("changes no result of what comes within the allowed lateness", () => {
    let trimmed = 0;
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.boolean()), (sent, rebuilds) => {
        const partition = new Partition();
        for (const { event } of sent.toSorted((a, b) => a.arrives - b.arrives)) {
          partition.take(event);
          if (rebuilds.next().value === true) partition.rebuild();
        }
        trimmed += partition.trimmed;
        expect(partition.late).toBe(0);
        const plain = expectedResults(
          sent.map(({ event }) => event),
          { click: WINDOW, view: HOUR, halfLife: 7 * 24 * HOUR },
        );
        expect(new Set(partition.last.keys())).toEqual(new Set(plain.keys()));
        for (const [key, { path, value: net }] of plain) {
          const { path: given, value } = partition.last.get(key) ?? { value: "" };
          expect([given, Math.round(Number(value) * 100)]).toEqual([path, Number(net) / 1e10]);
        }
      }),
      { numRuns: runs(200) },
    );
    // Else nothing was put to the test.
    expect(trimmed).toBeGreaterThan(1000);
  });

  it("still knows an ID that comes again after the whole window and the allowed lateness", () => {
    const partition = new Partition();
    partition.take(click("old", START));
    partition.take(click("new", START + WINDOW + LATENESS));
    partition.rebuild();
    partition.take(click("old", START));
    expect(partition).toMatchObject({ duplicates: 1, late: 0 });
  });

  it("counts what came too late to be sure of its results", () => {
    const partition = new Partition();
    partition.take(click("t", START), sale("c", START + WINDOW));
    partition.take(click("much-later", START + WINDOW + LATENESS + 1));
    partition.rebuild();
    expect(partition).toMatchObject({ late: 0, trimmed: 0 });
    // The conversion is older than what is allowed for: its touchpoint may be gone.
    partition.take(refund("r", START + WINDOW + LATENESS + 1, "c"));
    expect(partition.late).toBe(1);
    partition.take(click("much-later-still", START + 3 * WINDOW));
    partition.rebuild();
    expect(partition.trimmed).toBeGreaterThan(0);
    partition.take(sale("c2", START + WINDOW));
    expect(partition.late).toBe(2);
    expect(partition.last.get("u/c2")?.path).toEqual([]);
  });
});
