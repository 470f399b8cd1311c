import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createRowDictionaries,
  emptyIdentityRecord,
  erasedKeys,
  EntryReader,
  EntryWriter,
  EventRow,
  fillIdentityRow,
  fillUserRow,
  FLAG_ANONYMOUS,
  FLAG_TYPE_MASK,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_ERASED,
  IDENTITY_LINK,
  IDENTITY_PAIR,
  type IdentityRecord,
  markCopy,
  readErasures,
  readIdentity,
  TYPE_IDENTITY,
  type ErasedKeys,
  withoutErased,
} from "../../src/index.ts";

/** A row in words: a fact (`copy` of another partition), or a record with its user. Anonymous keys begin with `a`. */
interface Row {
  readonly tenant?: string;
  readonly key: string;
  readonly copy?: boolean;
  readonly record?: Partial<IdentityRecord>;
  readonly user?: string;
}

const TRACE = new Uint8Array(25).fill(3);
const RECEIPT = new Uint8Array(16).fill(1);

function blockOf(...rows: readonly Row[]): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  const row = new EventRow();
  const load = (key: string): void => {
    row.user = Buffer.from(key);
    row.userLength = row.user.length;
    row.flags = key.startsWith("a") ? FLAG_ANONYMOUS : 0;
  };
  for (const { tenant = "default", key, copy, record, user } of rows) {
    row.tenant = dictionaries.tenants.internText(tenant);
    load(key);
    row.rareLength = 0;
    row.id = Buffer.from("id");
    row.idLength = 2;
    if (record === undefined) {
      if (copy === true) markCopy(row, 2);
      writer.append(row);
      continue;
    }
    const hasUser = user !== undefined;
    fillIdentityRow(row, { ...emptyIdentityRecord(), ...record, hasUser }, 0);
    writer.append(row);
    if (user === undefined) continue;
    load(user);
    fillUserRow(row, 0);
    writer.append(row);
  }
  writer.trace(TRACE);
  return writer.finish();
}

/** `kind:tenant/key` of each row of a block, the kind 0 of facts. */
function rowsOf(block: Uint8Array): string[] {
  const dictionaries = createRowDictionaries(1);
  const reader = new EntryReader(block, dictionaries);
  expect(reader.traces).toEqual(TRACE);
  const row = new EventRow();
  const record = emptyIdentityRecord();
  const rows: string[] = [];
  while (reader.next(row)) {
    record.kind = 0;
    if ((row.flags & FLAG_TYPE_MASK) === TYPE_IDENTITY && row.rareLength > 0) {
      readIdentity(row.rare, row.rareStart, row.rareLength, record);
    }
    const key = Buffer.from(row.user.subarray(row.userStart, row.userStart + row.userLength));
    rows.push(`${record.kind}:${dictionaries.tenants.text(row.tenant)}/${key.toString()}`);
  }
  return rows;
}

/** What a block of these rows erases. */
const keysOf = (...rows: readonly Row[]): ErasedKeys => erasedKeys(readErasures(blockOf(...rows)));

const erased = (key: string, linked: boolean, user?: string): Row => ({
  key,
  record: { kind: IDENTITY_ERASE, linked, receipt: RECEIPT },
  ...(user === undefined ? {} : { user }),
});

/** What is left of a block after the erasures of another one. */
function left(erasures: readonly Row[], ...rows: readonly Row[]): string[] | undefined {
  const remaining = withoutErased(blockOf(...rows), keysOf(...erasures));
  return remaining === undefined ? undefined : rowsOf(remaining.block ?? blockOf());
}

describe("what is left of a block of the fact log", () => {
  it("is all of the others', with the tenant's person told from another's of that name", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            tenant: fc.constantFrom("default", "shop"),
            key: fc.constantFrom("ada", "bob", "uma", "unity"),
            copy: fc.boolean(),
          }),
          { maxLength: 40 },
        ),
        (rows) => {
          const block = blockOf(...rows);
          const remaining = withoutErased(block, keysOf(erased("uma", true)));
          const others = rows.filter(({ tenant, key }) => key !== "uma" || tenant !== "default");
          if (others.length === rows.length) {
            expect(remaining).toBeUndefined();
            return;
          }
          expect(remaining?.facts).toBe(others.filter(({ copy }) => !copy).length);
          expect(remaining?.block === undefined).toBe(others.length === 0);
          if (remaining?.block === undefined) return;
          expect(rowsOf(remaining.block)).toEqual(
            others.map(({ tenant, key }) => `0:${tenant}/${key}`),
          );
        },
      ),
    );
  });

  it("keeps what a user's partition knows of others, and not who the person was seen as", () => {
    const pair = { key: "a1", record: { kind: IDENTITY_PAIR, linked: true } };
    const link = { key: "a1", record: { kind: IDENTITY_LINK, linked: true, generation: 5 } };
    const rows: readonly Row[] = [
      { ...pair, user: "uma" },
      { ...pair, user: "bob" },
      { ...link, user: "uma" },
      { ...link, user: "bob" },
      link,
      { key: "a1", copy: true },
    ];
    expect(left([erased("uma", true)], ...rows)).toEqual([
      "1:default/a1",
      "0:default/bob",
      "4:default/a1",
      "0:default/bob",
      "4:default/a1",
      "0:default/a1",
    ]);
    const voided = {
      key: "a1",
      record: { kind: IDENTITY_ERASED, generation: 6, receipt: RECEIPT },
    };
    expect(left([voided], ...rows)).toEqual([
      "1:default/a1",
      "0:default/uma",
      "1:default/a1",
      "0:default/bob",
    ]);
    const earlier = { ...voided, record: { ...voided.record, generation: 5 } };
    expect(left([earlier], link, { key: "a1", copy: true })).toEqual(["4:default/a1"]);
  });

  it("keeps an anonymous ID's events where it was not the person's, but not that it was taken for theirs", () => {
    const decision = { key: "a1", record: { kind: IDENTITY_DECISION, linked: true } };
    const rows: readonly Row[] = [
      { key: "a1" },
      { ...decision, user: "uma" },
      { ...decision, user: "bob" },
    ];
    expect(left([erased("a1", false, "uma")], ...rows)).toEqual([
      "0:default/a1",
      "3:default/a1",
      "0:default/bob",
    ]);
    expect(left([erased("a1", true, "uma")], ...rows, { key: "bob" })).toEqual(["0:default/bob"]);
  });

  it("is the same where so many were erased that blocks are read instead of searched", () => {
    const many = Array.from({ length: 200 }, (_, i) => erased(`u${i}`, true));
    const rows = Array.from({ length: 300 }, (_, i): Row => ({ key: `u${i}` }));
    expect(left(many, ...rows)).toEqual(rows.slice(200).map(({ key }) => `0:default/${key}`));
    expect(left(many, ...rows.slice(200))).toBeUndefined();
  });

  it("keeps records of erasures", () => {
    expect(left([erased("uma", true)], erased("uma", true), { key: "uma" })).toEqual([
      "5:default/uma",
    ]);
  });

  it("ends where the block is damaged, as a rebuild does, and only where it concerns the person", () => {
    const block = blockOf({ key: "bob" }, { key: "uma" }, { key: "bob" });
    const uma = keysOf(erased("uma", true));
    // The users' column says that the third is longer than what follows.
    const damaged = Buffer.from(block);
    damaged[damaged.lastIndexOf("bob") - 1] = 200;
    expect(withoutErased(damaged, keysOf(erased("zoe", true)))).toBeUndefined();
    const remaining = withoutErased(damaged, uma);
    expect(remaining?.facts).toBe(1);
    expect(rowsOf(remaining?.block ?? block)).toEqual(["0:default/bob"]);
    expect(withoutErased(Buffer.from("uma"), uma)).toEqual({ facts: 0, block: undefined });
    expect(readErasures(Buffer.from("uma"))).toEqual([]);
  });
});
