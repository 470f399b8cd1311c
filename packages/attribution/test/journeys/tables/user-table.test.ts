import { EventRow, FLAG_ANONYMOUS, FLAG_USER_UUID } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { UserTable } from "../../../src/journeys/tables/user-table.ts";
import { columnsOf } from "../support.ts";

const USERS = 20_000;

function rowOf(key: string, tenant = 1, flags = 0): EventRow {
  const row = new EventRow();
  row.user = Buffer.from(`..${key}`);
  row.userStart = 2;
  row.userLength = row.user.length - 2;
  row.tenant = tenant;
  row.flags = flags;
  row.id = Buffer.from("e");
  row.idLength = 1;
  return row;
}
function find(table: UserTable, row: EventRow): number {
  table.stage(columnsOf(row), 0, 1);
  return table.find(0);
}
function add(table: UserTable, row: EventRow): number {
  expect(find(table, row)).toBe(-1);
  return table.add(0);
}

describe("the table of users", () => {
  it("finds every user again by the whole key, over many pages, and gives the key back", () => {
    const table = new UserTable(77);
    // Keys of 1 to 40 bytes: inside the record and beside it, many a prefix of others.
    const keys = Array.from({ length: USERS }, (_, i) =>
      `${i}${"x".repeat((i * 7919) % 35)}`.slice(0, 40),
    );
    const users = new Map<string, number>();
    for (const key of keys) users.set(key, users.get(key) ?? add(table, rowOf(key)));
    expect(table.size).toBe(users.size);
    const loaded = new EventRow();
    for (const [key, user] of users) {
      expect(find(table, rowOf(key))).toBe(user);
      table.load(user, loaded);
      const { user: bytes, userStart, userLength } = loaded;
      expect(Buffer.from(bytes.subarray(userStart, userStart + userLength)).toString()).toBe(key);
    }
    expect(find(table, rowOf("nobody"))).toBe(-1);
  });

  it("keeps apart what differs in tenant, in kind of key, or only in a zero byte at the end", () => {
    const table = new UserTable(77);
    const rows = [
      rowOf("a"),
      rowOf("a", 2),
      rowOf("a", 1, FLAG_ANONYMOUS),
      rowOf("a\0"),
      rowOf("a".repeat(16)),
      rowOf("a".repeat(16), 1, FLAG_USER_UUID),
      rowOf("a".repeat(17)),
      rowOf(`${"a".repeat(16)}b`),
    ];
    const users = rows.map((row) => add(table, row));
    expect(new Set(users).size).toBe(rows.length);
    expect(rows.map((row) => find(table, row))).toEqual(users);
  });

  it("says that a user is older than an event only where that is so", () => {
    const table = new UserTable(77);
    const user = add(table, rowOf("a"));
    const time = 1_790_000_000_000;
    table.setHead(user, 5, time);
    expect(table.headOf(user)).toBe(5);
    for (let apart = 0; apart < 3000; apart += 7) {
      expect(table.isBefore(user, time - apart)).toBe(false);
      // What is nearer than 16 ms need not be told apart.
      if (apart >= 16) expect(table.isBefore(user, time + apart)).toBe(true);
    }
    table.count(user);
    expect(table.countOf(user)).toBe(1);
    // As late as a time can be: it no longer says anything.
    table.setHead(user, 5, 2 ** 48 - 1);
    expect(table.isBefore(user, 2 ** 48 - 1)).toBe(false);
    table.setHead(user, 5, 2 ** 48 - 40);
    expect(table.isBefore(user, 2 ** 48 - 1)).toBe(false);
  });
});
