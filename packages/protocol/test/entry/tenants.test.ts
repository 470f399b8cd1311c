import { expect, test } from "vitest";
import {
  BatchScanner,
  createRowDictionaries,
  EntryWriter,
  packEvents,
  ProtocolError,
  readEntryTenants,
} from "../../src/index.ts";

const NOW = 1_700_000_000_000;

/** An entry of events of these tenants, one each. */
function entryOf(tenants: readonly string[]): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  for (const [i, tenant] of tenants.entries()) {
    new BatchScanner(dictionaries).scan(
      packEvents([{ id: `e${i}`, type: "click", time: NOW, userId: "u" }]),
      {
        now: NOW,
        tenant: dictionaries.tenants.internText(tenant),
        maxEvents: 10,
        maxEventBytes: 1000,
        maxFutureMs: 1000,
        clockToleranceMs: 0,
        maxTransitMs: 3_300_000,
      },
      (row) => writer.append(row),
    );
  }
  return writer.finish();
}

test("an entry's events by tenant, runs of one tenant added up", () => {
  const tenants = readEntryTenants(entryOf(["a", "b", "b", "a"]));
  expect(Object.fromEntries(tenants)).toEqual({ a: 2, b: 2 });
});

test("an entry whose columns are cut off still says whose it is", () => {
  const entry = entryOf(["a", "a", "a"]);
  expect(Object.fromEntries(readEntryTenants(entry.subarray(0, 12)))).toEqual({ a: 3 });
});

test.each([
  ["nothing", []],
  ["text", [...Buffer.from("not an entry")]],
  ["another version", [0x9f, 0x63, 0x00, 0x90]],
  ["runs that do not add up", [0x9f, 0x01, 0x05, 0x92, 0xa1, 0x61, 0x03]],
])("%s is refused", (_, bytes) => {
  expect(() => readEntryTenants(Uint8Array.from(bytes))).toThrow(ProtocolError);
});
