import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import {
  createRowDictionaries,
  DIMENSION_COUNT,
  EntryColumns,
  EntrySplicer,
  EventRow,
  readEntryTraces,
  type RowDictionaries,
} from "../../src/index.ts";
import { arbitraryEvent } from "../support/arbitrary-event.ts";
import { readAll, scanEvents } from "../support/rows.ts";

/** Combinations as their owner holds them: here every event is one of its own. */
class Combinations {
  codes = new Int32Array(0);

  /** Adds those of an entry's events. @returns their numbers */
  add(columns: EntryColumns): Int32Array {
    const first = this.codes.length / DIMENSION_COUNT;
    const row = new EventRow();
    const codes = [...this.codes];
    for (let i = 0; i < columns.count; i += 1) {
      columns.load(i, row);
      codes.push(...row.dimensions);
    }
    this.codes = Int32Array.from(codes);
    return Int32Array.from({ length: columns.count }, (_, i) => first + i);
  }
}

/** Splices the chosen events of some entries, and gives what reading the result gives. */
function splice(
  splicer: EntrySplicer,
  dictionaries: RowDictionaries,
  entries: readonly Uint8Array[],
  chosen: (entry: number, event: number) => boolean,
) {
  const columns = new EntryColumns();
  const combinations = new Combinations();
  for (const [e, entry] of entries.entries()) {
    columns.read(entry, dictionaries);
    const tuples = combinations.add(columns);
    let from = 0;
    for (let i = 0; i < columns.count; i += 1) {
      if (chosen(e, i)) continue;
      splicer.append(columns, from, i, tuples);
      from = i + 1;
    }
    splicer.append(columns, from, columns.count, tuples);
  }
  return splicer.finish(dictionaries, combinations.codes, undefined);
}

describe("splicing entries", () => {
  it("gives every chosen event of every entry, in order, and nothing else", () => {
    const splicer = new EntrySplicer();
    const batches = fc.array(
      fc.array(fc.tuple(arbitraryEvent, fc.boolean()), { minLength: 1, maxLength: 20 }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(batches, (batch) => {
        const entries = batch.map((events) => scanEvents(events.map(([event]) => event)).entry);
        const spliced = splice(splicer, createRowDictionaries(3), entries, (e, i) =>
          Boolean(batch[e]?.[i]?.[1]),
        );
        const expected = batch.flatMap((events, e) => {
          const rows = readAll(entries[e] as Uint8Array);
          return rows.filter((_, i) => events[i]?.[1]);
        });
        expect(readAll(spliced)).toEqual(expected);
      }),
      { numRuns: runs(300) },
    );
  });

  it("keeps runs of one user, whichever of them are left out", () => {
    const events = Array.from({ length: 40 }, (_, i) => ({
      id: `e${i}`,
      type: "click",
      time: 1_789_999_000_000 + i,
      userId: `user-${Math.floor(i / 10)}`,
      campaign: `campaign ${i % 3}`,
    }));
    const { entry } = scanEvents(events);
    const spliced = splice(new EntrySplicer(), createRowDictionaries(3), [entry], (_, i) => {
      return i % 10 !== 0 && i % 7 !== 3;
    });
    const kept = readAll(spliced);
    expect(kept.map(({ id }) => id)).toEqual(
      events.filter((_, i) => i % 10 !== 0 && i % 7 !== 3).map(({ id }) => id),
    );
    for (const { id, userId } of kept) {
      expect(userId).toBe(events.find((event) => event.id === id)?.userId);
    }
    expect(spliced.length).toBeLessThan(entry.length);
  });

  it("writes codes of two bytes beyond 255 strings, and carries a trace", () => {
    const events = Array.from({ length: 700 }, (_, i) => ({
      id: `e${i}`,
      type: "click",
      time: 1_789_999_000_000,
      userId: "u",
      campaign: `campaign ${i}`,
    }));
    const { entry } = scanEvents(events);
    const dictionaries = createRowDictionaries(3);
    const columns = new EntryColumns();
    columns.read(entry, dictionaries);
    const combinations = new Combinations();
    const tuples = combinations.add(columns);
    const splicer = new EntrySplicer();
    splicer.append(columns, 0, 700, tuples);
    const trace = Uint8Array.from({ length: 25 }, (_, i) => i);
    const spliced = splicer.finish(dictionaries, combinations.codes, trace);
    expect(readAll(spliced)).toEqual(readAll(entry));
    expect(readEntryTraces(spliced)).toEqual(Buffer.from(trace));
  });

  it("gives events the codes that override their combinations', also where each has another", () => {
    const dictionaries = createRowDictionaries(5);
    const columns = new EntryColumns();
    const events = 700;
    const rows = Array.from({ length: events }, (_, i) => ({
      id: `e${i}`,
      type: "click",
      time: 1_790_000_000_000 + i,
      userId: "u",
      source: "google",
      content: `content of ${i}`,
    }));
    columns.read(scanEvents(rows).entry, dictionaries);
    const combinations = new Combinations();
    const tuples = combinations.add(columns);
    const full = columns.dimensions.map((column) => column.slice());
    const content = 4;
    for (let i = 0; i < events; i += 1) {
      combinations.codes[(tuples[i] as number) * DIMENSION_COUNT + content] = i % 3 === 0 ? 0 : 1;
    }
    const splicer = new EntrySplicer();
    for (const [from, to] of [
      [0, 300],
      [301, events],
    ] as const) {
      for (let i = from; i < to; i += 1) {
        splicer.override(i - from, content, full[content]?.[i] as number);
      }
      splicer.append(columns, from, to, tuples);
    }
    const spliced = readAll(splicer.finish(dictionaries, combinations.codes, undefined));
    expect(spliced).toMatchObject(rows.filter((_, i) => i !== 300));
    expect(splicer.count).toBe(0);
  });
});
