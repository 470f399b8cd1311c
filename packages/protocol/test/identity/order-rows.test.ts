import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  CLAIMANT_BYTES,
  createRowDictionaries,
  EntryColumns,
  EntryReader,
  EntryWriter,
  erasedKeys,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_USER_UUID,
  isErasure,
  isMessage,
  isOrderRow,
  ORDER_CLAIM,
  ORDER_REFUND,
  ORDER_WINNER,
  OrderRowFiller,
  readErasures,
  readOrder,
  readRareFields,
  withoutErased,
} from "../../src/index.ts";

const text = (maxLength: number) =>
  fc
    .string({ maxLength, unit: "binary" })
    .map((value) => Buffer.from(value, "utf8").subarray(0, maxLength));
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const order = fc.oneof(
  fc.record({
    id: fc
      .string({ minLength: 1, maxLength: 64, unit: "grapheme-ascii" })
      .map((id) => new Uint8Array(Buffer.from(id))),
    uuid: fc.constant(false),
  }),
  fc.record({ id: bytes(16), uuid: fc.constant(true) }),
);
const partition = fc.nat(1023);
const time = fc.nat(4_000_000_000_000);
const claim = fc.record({
  kind: fc.constantFrom(ORDER_CLAIM, ORDER_WINNER),
  partition,
  claimant: bytes(CLAIMANT_BYTES),
  name: fc.string({ maxLength: 32, unit: "grapheme-ascii" }),
});
const refund = fc.record({
  kind: fc.constant(ORDER_REFUND),
  partition,
  id: fc.oneof(
    bytes(16).map((id) => ({ id, uuid: true })),
    text(64).map((id) => ({ id: new Uint8Array(id), uuid: false })),
  ),
  value: fc.constantFrom("", "12.5", "999999999999999.999999999999"),
  currency: fc.constantFrom("", "EUR"),
});

function begin(
  row: EventRow,
  tenant: number,
  { id, uuid }: { id: Uint8Array; uuid: boolean },
): void {
  // Flags of the row before, which are not the record's.
  row.flags = FLAG_ANONYMOUS | FLAG_ID_UUID | (uuid ? FLAG_USER_UUID : 0);
  row.tenant = tenant;
  row.user = id;
  row.userStart = 0;
  row.userLength = id.length;
}
const part = (from: Uint8Array, start: number, length: number): number[] => [
  ...from.subarray(start, start + length),
];

it("a record of an order comes out of an entry as it went in, and is none of a person", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(order, time, fc.oneof(claim, refund)), { minLength: 1, maxLength: 20 }),
      (records) => {
        const dictionaries = createRowDictionaries(1);
        const tenant = dictionaries.tenants.internText("shop");
        const writer = new EntryWriter(dictionaries);
        const filler = new OrderRowFiller();
        const row = new EventRow();
        for (const [of, keptUntilMs, one] of records) {
          begin(row, tenant, of);
          if ("claimant" in one) {
            filler.fillClaim(row, one, one.claimant, Buffer.from(one.name), keptUntilMs);
          } else {
            const { id, uuid } = one.id;
            filler.fillRefund(
              row,
              one,
              id,
              uuid,
              Buffer.from(one.value),
              Buffer.from(one.currency),
              keptUntilMs,
            );
          }
          writer.append(row);
        }
        const entry = writer.finish();
        const columns = new EntryColumns();
        columns.read(entry, createRowDictionaries(3));
        expect([isMessage(columns), isErasure(entry)]).toEqual([true, false]);
        expect(readErasures(entry)).toEqual([]);
        const reader = new EntryReader(entry, createRowDictionaries(2));
        const found = { kind: 0, partition: 0 };
        for (const [of, keptUntilMs, one] of records) {
          expect(reader.next(row)).toBe(true);
          expect(isOrderRow(row.rare, row.rareStart, row.rareLength)).toBe(true);
          readOrder(row.rare, row.rareStart, row.rareLength, found);
          expect(found).toEqual({ kind: one.kind, partition: one.partition });
          expect(row.time).toBe(keptUntilMs);
          expect(part(row.user, row.userStart, row.userLength)).toEqual([...of.id]);
          expect(row.flags & (FLAG_USER_UUID | FLAG_ANONYMOUS)).toBe(of.uuid ? FLAG_USER_UUID : 0);
          const id = "claimant" in one ? one.claimant : one.id.id;
          expect(part(row.id, row.idStart, row.idLength)).toEqual([...id]);
          const fields = readRareFields(row);
          if ("claimant" in one) expect(fields.name).toBe(one.name);
          else expect(fields.currency).toBe(one.currency);
        }
        expect(reader.next(row)).toBe(false);
      },
    ),
  );
});

it("a record of an order outlasts the erasure of a person of the order's name", () => {
  const dictionaries = createRowDictionaries(1);
  const row = new EventRow();
  const key = { id: Buffer.from("ada"), uuid: false };
  const writer = new EntryWriter(dictionaries);
  begin(row, dictionaries.tenants.internText("shop"), key);
  const record = { kind: ORDER_WINNER, partition: 3 };
  new OrderRowFiller().fillClaim(
    row,
    record,
    new Uint8Array(CLAIMANT_BYTES),
    Buffer.from("n"),
    1000,
  );
  writer.append(row);
  const block = writer.finish();
  const erased = { byName: new Map(), bytes: [Buffer.from("ada")] };
  expect(withoutErased(block, erased)).toBeUndefined();
  expect(withoutErased(block, erasedKeys([]))).toBeUndefined();
});

it("a record of an order that is cut off is refused", () => {
  expect(() =>
    readOrder(new Uint8Array([11, 0xc4, 3, 1]), 0, 4, { kind: 0, partition: 0 }),
  ).toThrow("a record of an order has no content");
});
