import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import {
  createRowDictionaries,
  EntryReader,
  EntryWriter,
  EventRow,
  ProtocolError,
  readEntryTraces,
  TYPE_CLICK,
} from "../../src/index.ts";
import { arbitraryEvent } from "../support/arbitrary-event.ts";
import { readAll, scanEvents, scanToEntry } from "../support/rows.ts";

interface EntryVector {
  readonly name: string;
  readonly events: Record<string, unknown>[];
  readonly entryHex: string;
}
const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/entry.json", import.meta.url), "utf8"),
) as EntryVector[];

/** What reading an event back gives: the tenant, and a value in canonical form. */
const stored = (event: Record<string, unknown>) => ({ tenant: "default", ...event });

describe("the batch entry", () => {
  it("gives back every field of every event", () => {
    fc.assert(
      fc.property(fc.array(arbitraryEvent, { minLength: 1, maxLength: 30 }), (events) => {
        const { accepted, refused, entry } = scanEvents(events);
        expect(refused).toEqual([]);
        expect(accepted).toBe(events.length);
        expect(readAll(entry)).toEqual(events.map(stored));
      }),
      { numRuns: runs(300) },
    );
  });

  it.each(vectors)("writes and reads the vector: $name", ({ events, entryHex }) => {
    expect(Buffer.from(scanEvents(events).entry).toString("hex")).toBe(entryHex);
    expect(readAll(Buffer.from(entryHex, "hex"))).toEqual(events.map(stored));
  });

  it("takes about 40 bytes for an ordinary event", () => {
    const events = Array.from({ length: 500 }, (_, i) => ({
      id: `0192f3c4-1111-4222-8333-${String(i).padStart(12, "0")}`,
      type: "click",
      time: 1_789_999_000_000 + i * 17,
      userId: `user-${i * 7919}`,
      source: "google",
      medium: "cpc",
      campaign: `campaign-${i % 20}`,
    }));
    expect(scanEvents(events).entry.length / events.length).toBeLessThan(40);
  });

  it("keeps codes right beyond 255 strings of a dimension", () => {
    const events = Array.from({ length: 700 }, (_, i) => ({
      id: `e${i}`,
      type: "visit",
      time: 1_789_999_000_000,
      userId: "u",
      campaign: `c${i % 300}`,
    }));
    expect(readAll(scanEvents(events).entry)).toEqual(events.map(stored));
  });

  it("separates tenants, also where they share a user key", () => {
    const dictionaries = createRowDictionaries(1);
    const writer = new EntryWriter(dictionaries);
    const row = new EventRow();
    row.id = row.user = Buffer.from("same");
    row.idLength = row.userLength = 4;
    row.time = 1_789_999_000_000;
    for (const tenant of ["a", "b", "b", "a"]) {
      row.tenant = dictionaries.tenants.internText(tenant);
      writer.append(row);
    }
    expect(readAll(writer.finish()).map(({ tenant, userId }) => [tenant, userId])).toEqual([
      ["a", "same"],
      ["b", "same"],
      ["b", "same"],
      ["a", "same"],
    ]);
  });

  it("is empty again after finish", () => {
    const dictionaries = createRowDictionaries(1);
    const writer = new EntryWriter(dictionaries);
    writer.trace(new Uint8Array(25).fill(1));
    writer.finish();
    expect(writer.count).toBe(0);
    const entry = writer.finish();
    expect(readAll(entry)).toEqual([]);
    expect(readEntryTraces(entry)).toHaveLength(0);
  });

  it("carries trace contexts, which can be read without its rows", () => {
    const writer = new EntryWriter(createRowDictionaries(1));
    const context = Uint8Array.from({ length: 25 }, (_, i) => i + 1);
    writer.trace(context);
    writer.trace(context);
    const entry = writer.finish();
    expect([...readEntryTraces(entry)]).toEqual([...context, ...context]);
    expect([...new EntryReader(entry, createRowDictionaries(1)).traces]).toEqual([
      ...context,
      ...context,
    ]);
  });

  it("refuses a newer version by name", () => {
    const { entry } = scanEvents([
      { id: "a", type: "click", time: 1_789_999_000_000, userId: "u" },
    ]);
    entry[1] = 9;
    expect(() => readAll(entry)).toThrow(/entry version 9; this reads 1/);
  });

  it("refuses a first event that claims the user of the one before it", () => {
    const entry = Buffer.from(
      scanEvents([{ id: "a", type: "click", time: 1_789_999_000_000, userId: "u" }]).entry,
    );
    const flags = entry.indexOf(Buffer.of(0xc4, 1, TYPE_CLICK)) + 2;
    entry[flags] = TYPE_CLICK | 0x40;
    expect(() => readAll(entry)).toThrow(/the first event has no user/);
  });

  it.each([-1, 2 ** 48])("refuses the time %d, for which nobody has room", (time) => {
    const dictionaries = createRowDictionaries(1);
    const writer = new EntryWriter(dictionaries);
    const row = new EventRow();
    row.tenant = dictionaries.tenants.internText("default");
    row.time = time;
    writer.append(row);
    expect(() => readAll(writer.finish())).toThrow(/a time out of range/);
  });

  it("throws only ProtocolError for damaged entries, and ends", () => {
    const { entry } = scanEvents(
      Array.from({ length: 20 }, (_, i) => ({
        id: `e${i}`,
        type: "click",
        time: 1_789_999_000_000,
        userId: `u${i}`,
        name: "n",
        source: "s",
      })),
    );
    fc.assert(
      fc.property(
        fc.nat(entry.length - 1),
        fc.nat(255),
        fc.nat(entry.length),
        (at, byte, length) => {
          const damaged = Buffer.from(entry);
          damaged[at] = byte;
          for (const bytes of [damaged, damaged.subarray(0, length)]) {
            try {
              readAll(bytes);
            } catch (error) {
              if (!(error instanceof ProtocolError)) throw error;
            }
          }
        },
      ),
      { numRuns: runs(2000) },
    );
  });

  it("scans what was scanned the same, whatever comes between", () => {
    const body = scanEvents([
      { id: "a", type: "click", time: 1_789_999_000_000, userId: "u" },
    ]).entry;
    expect(
      scanEvents([{ id: "a", type: "click", time: 1_789_999_000_000, userId: "u" }]).entry,
    ).toEqual(body);
    expect(() => scanToEntry(Buffer.alloc(0))).toThrow(/empty/);
  });
});
