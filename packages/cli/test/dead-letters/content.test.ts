import {
  BatchScanner,
  createRowDictionaries,
  EntryWriter,
  packEvents,
  ResultWriter,
  type EventRow,
  type RowDictionaries,
  type TributaryEvent,
} from "@tributary/protocol";
import type { KeptDeadLetter } from "@tributary/streams";
import { expect, it } from "vitest";
import { decodeContent } from "../../src/dead-letters/content.ts";

const T0 = 1_700_000_000_000;
const event: TributaryEvent = {
  id: "0d9f2b44-0f0c-4b43-8b1e-3f6f1f1f1f1f",
  type: "conversion",
  time: T0,
  userId: "ünal",
  channel: "email",
  value: "12.5",
  currency: "EUR",
  properties: { plan: "pro" },
};
const shown = {
  tenant: "acme",
  id: event.id,
  type: "conversion",
  time: "2023-11-14T22:13:20.000Z",
  userId: "ünal",
  channel: "email",
  value: "12.5",
  currency: "EUR",
  properties: { plan: "pro" },
};

function scan(
  events: readonly TributaryEvent[],
  dictionaries: RowDictionaries,
  sink: (row: EventRow) => void,
): void {
  const options = {
    now: T0,
    tenant: dictionaries.tenants.internText("acme"),
    maxEvents: 100,
    maxEventBytes: 10_000,
    maxFutureMs: 1000,
    clockToleranceMs: 0,
    maxTransitMs: 3_300_000,
  };
  new BatchScanner(dictionaries).scan(packEvents(events), options, sink);
}

function entryOf(events: readonly TributaryEvent[]): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  scan(events, dictionaries, (row) => writer.append(row));
  return writer.finish();
}

const letter = (
  block: Uint8Array,
  stream: KeptDeadLetter["stream"] = "events",
): KeptDeadLetter => ({
  partition: 0,
  id: "2-0",
  stream,
  group: "",
  entry: "1-0",
  reason: "",
  firstMs: 1,
  lastMs: 2,
  attempts: 1,
  count: 1,
  traceId: "",
  block,
});

it("shows an entry's events with the fields that they have, the first twenty", () => {
  const block = entryOf([event]);
  expect(decodeContent(letter(block))).toEqual({ rows: [shown], bytes: block.length });
  const many = decodeContent(
    letter(entryOf(Array.from({ length: 25 }, (_, i) => ({ ...event, id: `e${i}` })))),
  );
  expect([many.rows.length, many.problem]).toEqual([20, "25 in all"]);
});

it("shows the conversions of results", () => {
  const dictionaries = createRowDictionaries(1);
  const writer = new ResultWriter(["linear"], dictionaries);
  scan([event], dictionaries, (row) => writer.conversion(row, "12.5", 0, 0, 0));
  expect(decodeContent(letter(writer.finish(), "results")).rows).toEqual([shown]);
});

it("shows what can be read of a damaged entry, why there is no more, and its first bytes", () => {
  const block = entryOf([event]);
  const cut = decodeContent(letter(block.subarray(0, 30)));
  expect(cut.problem).toBeDefined();
  expect(cut.hexHead).toBe(Buffer.from(block.subarray(0, 30)).toString("hex"));
  for (let at = 0; at < block.length; at += 1) {
    const damaged = Uint8Array.from(block);
    damaged[at] = 0xff - (damaged[at] as number);
    expect(decodeContent(letter(damaged)).bytes).toBe(block.length);
  }
});
