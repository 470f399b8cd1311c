import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeRecords, encodeRecord, type SpooledBatch } from "../../src/spool/records.ts";

const MAX = 1000;
const batch = fc.record({
  tenant: fc.stringMatching(/^[a-z0-9_-]{1,64}$/),
  receivedAtMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  events: fc.option(fc.nat(20_000), { nil: undefined }),
  body: fc.uint8Array({ minLength: 1, maxLength: 200 }),
});
const plain = ({ body, ...rest }: SpooledBatch) => ({ ...rest, body: [...body] });

it("what was written is read, and of what is cut off at any byte all whole records before", () => {
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 8 }), fc.nat(), (batches, cut) => {
      const records = batches.map(encodeRecord);
      const all = Buffer.concat(records);
      const whole = decodeRecords(all, all.length, MAX);
      expect(whole.batches.map(plain)).toEqual(batches.map(plain));
      expect([whole.bytes, whole.damaged]).toEqual([all.length, false]);
      const end = cut % all.length;
      const part = decodeRecords(all.subarray(0, end), end, MAX);
      let fits = 0;
      let bytes = 0;
      while (bytes + (records[fits]?.length ?? Infinity) <= end)
        bytes += records[fits++]?.length ?? 0;
      expect(part.batches.map(plain)).toEqual(batches.slice(0, fits).map(plain));
      expect([part.bytes, part.damaged]).toEqual([bytes, false]);
    }),
  );
});

it("a bit that is not as it was written ends what is read before its record, never with another record", () => {
  fc.assert(
    fc.property(
      fc.array(batch, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.nat(7),
      (batches, at, bit) => {
        const records = batches.map(encodeRecord);
        const all = Buffer.concat(records);
        const place = at % all.length;
        all[place] = (all[place] ?? 0) ^ (1 << bit);
        let hit = 0;
        for (let end = records[0]?.length ?? 0; end <= place; end += records[hit]?.length ?? 0)
          hit += 1;
        const found = decodeRecords(all, all.length, MAX);
        expect(found.batches.map(plain)).toEqual(batches.slice(0, hit).map(plain));
        // Of a length that became longer nobody can tell that it is wrong: it looks cut off.
        expect(found.bytes).toBeLessThan(all.length);
      },
    ),
  );
});

it("zeros are no records", () => {
  const found = decodeRecords(Buffer.alloc(64), 64, MAX);
  expect(found).toEqual({ batches: [], bytes: 0, nextBytes: 0, damaged: true });
});

it("a record that is longer than any is damaged where it would end behind its segment, and is read within it", () => {
  const record = encodeRecord({
    tenant: "shop",
    receivedAtMs: 1,
    events: 1,
    body: new Uint8Array(2000),
  });
  expect(decodeRecords(record, record.length, MAX).batches).toHaveLength(1);
  const head = record.subarray(0, 100);
  expect(decodeRecords(head, record.length, MAX)).toMatchObject({
    nextBytes: record.length,
    damaged: false,
  });
  expect(decodeRecords(head, 100, MAX)).toMatchObject({ nextBytes: 0, damaged: true });
});

it("reads what an earlier version wrote, which had no number of events", () => {
  const record = Buffer.from("0000000f3f45ba590473686f70427a0c4506c000009180", "hex");
  expect(decodeRecords(record, record.length, MAX).batches.map(plain)).toEqual([
    { tenant: "shop", events: undefined, receivedAtMs: 1_790_000_000_000, body: [0x91, 0x80] },
  ]);
});
