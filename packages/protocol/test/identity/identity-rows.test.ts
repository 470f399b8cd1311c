import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  copyRevision,
  COPY_MARK_BYTES,
  createRowDictionaries,
  emptyIdentityRecord,
  EntryColumns,
  EntryReader,
  EntryWriter,
  EVENT_TYPES,
  EventRow,
  fillIdentityRow,
  fillUserRow,
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  IDENTITY_LINK,
  IDENTITY_PAIR,
  isCopy,
  isCopyDuplicateOrder,
  isMessage,
  markCopy,
  addOrigin,
  readOrigin,
  readRareFields,
  TYPE_VISIT,
  readIdentity,
  readRareText,
  RARE_ANONYMOUS_ID,
  TYPE_CONVERSION,
  TYPE_IDENTITY,
} from "../../src/index.ts";

const MS = { min: 0, max: 4_000_000_000_000 };
const record = fc.record({
  kind: fc.integer({ min: IDENTITY_PAIR, max: IDENTITY_LINK }),
  linked: fc.boolean(),
  hasUser: fc.boolean(),
  time: fc.integer(MS),
  version: fc.integer(MS),
  generation: fc.integer(MS),
  receipt: fc.constant(new Uint8Array(0)),
});

function rowOf(tenant: number, user: string): EventRow {
  const row = new EventRow();
  row.tenant = tenant;
  row.user = Buffer.from(user);
  row.userLength = row.user.length;
  row.id = Buffer.from("e1");
  row.idLength = 2;
  return row;
}

describe("a record of identity", () => {
  it("comes out of an entry as it went in, with the user behind it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(record, fc.integer(MS)), { minLength: 1, maxLength: 20 }),
        (records) => {
          const dictionaries = createRowDictionaries(1);
          const tenant = dictionaries.tenants.internText("shop");
          const writer = new EntryWriter(dictionaries);
          for (const [one, keptUntilMs] of records) {
            const anonymous = rowOf(tenant, "device");
            fillIdentityRow(anonymous, one, keptUntilMs);
            writer.append(anonymous);
            const user = rowOf(tenant, "ada");
            if (one.hasUser) {
              fillUserRow(user, keptUntilMs);
              writer.append(user);
            }
          }
          const reader = new EntryReader(writer.finish(), createRowDictionaries(2));
          const row = new EventRow();
          const found = emptyIdentityRecord();
          const userOf = (): string =>
            Buffer.from(
              row.user.subarray(row.userStart, row.userStart + row.userLength),
            ).toString();
          for (const [one, keptUntilMs] of records) {
            expect(reader.next(row)).toBe(true);
            readIdentity(row.rare, row.rareStart, row.rareLength, found);
            expect(found).toEqual(one);
            expect([userOf(), row.time]).toEqual(["device", keptUntilMs]);
            expect(row.flags & FLAG_ANONYMOUS).toBe(FLAG_ANONYMOUS);
            if (!one.hasUser) continue;
            expect(reader.next(row)).toBe(true);
            expect([userOf(), row.time, row.flags & FLAG_ANONYMOUS]).toEqual([
              "ada",
              keptUntilMs,
              0,
            ]);
          }
          expect(reader.next(row)).toBe(false);
        },
      ),
    );
  });

  it("begins a message, is of a type that no client can name, and is refused where it is cut off", () => {
    const dictionaries = createRowDictionaries(1);
    const row = rowOf(dictionaries.tenants.internText("shop"), "device");
    fillIdentityRow(row, emptyIdentityRecord(), 1000);
    const writer = new EntryWriter(dictionaries);
    writer.append(row);
    const columns = new EntryColumns();
    columns.read(writer.finish(), dictionaries);
    expect(isMessage(columns)).toBe(true);
    expect(EVENT_TYPES.length).toBeLessThanOrEqual(TYPE_IDENTITY);
    expect(TYPE_IDENTITY & FLAG_TYPE_MASK).toBe(TYPE_IDENTITY);
    expect(() => readIdentity(row.rare, 0, row.rareLength - 1, emptyIdentityRecord())).toThrow(
      "a record of identity has no content",
    );
  });
});

it("a copy keeps its rare fields behind the mark, the revision and a duplicate order in it", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.boolean(), fc.boolean(), (revision, hasRare, repeats) => {
      const row = rowOf(0, "device");
      row.flags = TYPE_CONVERSION;
      const rare = Buffer.from([RARE_ANONYMOUS_ID, 0xa2, 0x6f, 0x31]);
      if (hasRare) {
        row.rare = Buffer.concat([Buffer.from([1, 2]), rare]);
        row.rareStart = 2;
        row.rareLength = rare.length;
        row.flags |= FLAG_RARE;
      }
      markCopy(row, revision, repeats);
      expect(row.flags).toBe(TYPE_CONVERSION | FLAG_RARE);
      expect(isCopy(row.rare, row.rareStart)).toBe(true);
      expect(copyRevision(row.rare, row.rareStart)).toBe(revision);
      expect(isCopyDuplicateOrder(row.rare, row.rareStart)).toBe(repeats);
      expect(row.rareLength).toBe(COPY_MARK_BYTES + (hasRare ? rare.length : 0));
      const order = readRareText(row.rare, row.rareStart, row.rareLength, RARE_ANONYMOUS_ID);
      expect(order).toBe(hasRare ? "o1" : "");
    }),
  );
});

it("a copy of a visit carries the numbers of its origin, and others have none", () => {
  const key = fc.integer({ min: 0, max: 2 ** 53 - 1 });
  const none = { signature: 0, referrerHost: 0, linkClick: 0, byReferrer: false };
  fc.assert(
    fc.property(key, key, key, fc.boolean(), (signature, referrerHost, linkClick, byReferrer) => {
      const row = rowOf(0, "device");
      row.flags = TYPE_VISIT;
      row.rareLength = 0;
      markCopy(row, 0);
      const found = { ...none };
      expect(readOrigin(row.rare, row.rareStart, row.rareLength, found)).toBe(false);
      const origin = { signature, referrerHost, linkClick, byReferrer };
      addOrigin(row, origin);
      expect(isCopy(row.rare, row.rareStart)).toBe(true);
      expect(readOrigin(row.rare, row.rareStart, row.rareLength, found)).toBe(true);
      expect(found).toEqual(origin);
      expect(readRareFields(row)).toMatchObject({ url: "", referrer: "", properties: undefined });
    }),
  );
});
