import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeRecords, encodeRecord } from "../../src/spool/records.ts";

const MAX = 1000;
const batch = fc.record({
  tenant: fc.stringMatching(/^[a-z0-9_-]{1,64}$/),
  receivedAtMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  body: fc.uint8Array({ minLength: 1, maxLength: 200 }),
});
const plain = ({
  tenant,
  receivedAtMs,
  body,
}: {
  tenant: string;
  receivedAtMs: number;
  body: Uint8Array;
}) => ({
  tenant,
  receivedAtMs,
  body: [...body],
});

it("what was written is read, and of what is cut off at any byte all whole records before", () => {
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 8 }), fc.nat(), (batches, cut) => {
      const records = batches.map(encodeRecord);
      const all = Buffer.concat(records);
      const whole = decodeRecords(all, MAX);
      expect(whole.batches.map(plain)).toEqual(batches.map(plain));
      expect([whole.bytes, whole.damaged]).toEqual([all.length, false]);
      const end = cut % all.length;
      const part = decodeRecords(all.subarray(0, end), MAX);
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
        const found = decodeRecords(all, MAX);
        expect(found.batches.map(plain)).toEqual(batches.slice(0, hit).map(plain));
        // Of a length that became longer nobody can tell that it is wrong: it looks cut off.
        expect(found.bytes).toBeLessThan(all.length);
      },
    ),
  );
});

it("zeros are no records", () => {
  expect(decodeRecords(Buffer.alloc(64), MAX)).toEqual({ batches: [], bytes: 0, damaged: true });
});
