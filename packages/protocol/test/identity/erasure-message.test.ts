import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createRowDictionaries,
  emptyIdentityRecord,
  EntryColumns,
  EntryReader,
  EntryWriter,
  type ErasureRequest,
  EventRow,
  fillIdentityRow,
  FLAG_ANONYMOUS,
  FLAG_USER_UUID,
  formatUuid,
  IDENTITY_ERASE,
  IDENTITY_ERASE_WITH,
  IDENTITY_LINK,
  isErasure,
  isMessage,
  packErasure,
  partitionOfBytes,
  readIdentity,
  tenantSeed,
} from "../../src/index.ts";

const PARTITIONS = 64;
const key = fc.oneof(
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
);
const request: fc.Arbitrary<ErasureRequest> = fc.record({
  tenant: fc.constantFrom("default", "shop"),
  id: key,
  anonymous: fc.boolean(),
  receipt: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  anonymousIds: fc.array(key, { maxLength: 40 }),
});

describe("an erasure", () => {
  it("comes out of its message as it was asked for, in the partition of the person's events", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { tenant, id, anonymous, receipt, anonymousIds } = asked;
        const { partition, rows, bytes } = packErasure(asked, PARTITIONS);
        const dictionaries = createRowDictionaries(1);
        const columns = new EntryColumns();
        columns.read(bytes, dictionaries);
        expect(isErasure(bytes)).toBe(true);
        expect(isMessage(columns)).toBe(true);
        expect(rows).toBe(1 + anonymousIds.length);
        const reader = new EntryReader(bytes, dictionaries);
        const row = new EventRow();
        const record = emptyIdentityRecord();
        for (const [i, name] of [id, ...anonymousIds].entries()) {
          expect(reader.next(row)).toBe(true);
          readIdentity(row.rare, row.rareStart, row.rareLength, record);
          const user = row.user.subarray(row.userStart, row.userStart + row.userLength);
          const isUuid = (row.flags & FLAG_USER_UUID) !== 0;
          expect({
            tenant: dictionaries.tenants.text(row.tenant),
            kind: record.kind,
            hasUser: record.hasUser,
            anonymous: (row.flags & FLAG_ANONYMOUS) !== 0,
            name: isUuid ? formatUuid(user, 0) : Buffer.from(user).toString(),
            receipt: row.id.slice(row.idStart, row.idStart + row.idLength),
          }).toEqual({
            tenant,
            kind: i === 0 ? IDENTITY_ERASE : IDENTITY_ERASE_WITH,
            hasUser: false,
            anonymous: i > 0 || anonymous,
            name,
            receipt,
          });
          if (i > 0) continue;
          const home = partitionOfBytes(tenantSeed(tenant), user, 0, user.length, PARTITIONS);
          expect(partition).toBe(home);
        }
        expect(reader.next(row)).toBe(false);
      }),
    );
  });

  it("is told from other messages and events, and from what cannot be read", () => {
    const dictionaries = createRowDictionaries(1);
    const writer = new EntryWriter(dictionaries);
    const row = new EventRow();
    row.tenant = dictionaries.tenants.internText("default");
    row.user = Buffer.from("device");
    row.userLength = row.user.length;
    fillIdentityRow(row, { ...emptyIdentityRecord(), kind: IDENTITY_LINK }, 0);
    writer.append(row);
    expect(isErasure(writer.finish())).toBe(false);
    const event = new EventRow();
    event.tenant = row.tenant;
    event.user = row.user;
    event.userLength = row.userLength;
    writer.append(event);
    expect(isErasure(writer.finish())).toBe(false);
    fc.assert(
      fc.property(request, fc.nat(), fc.uint8Array({ maxLength: 60 }), (asked, cut, noise) => {
        const { bytes } = packErasure(asked, PARTITIONS);
        expect(typeof isErasure(bytes.subarray(0, cut % bytes.length))).toBe("boolean");
        expect(isErasure(noise)).toBe(false);
      }),
    );
  });
});
