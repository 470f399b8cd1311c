import { describe, expect, test } from "vitest";
import { RejectText } from "../../src/check/reject-text.ts";
import { ImportError } from "../../src/errors.ts";
import type { Mapping } from "../../src/mapping/mapping.ts";
import { headerDigest } from "../../src/mapping/mapping.ts";
import { checkAll, tableOf } from "../support/table.ts";

const COLUMNS = "when,who,what,src,amount,cur,order,land";
const MAPPING: Mapping = {
  version: 1,
  kind: "events",
  columns: {
    when: { field: "time", formats: ["iso"], zone: "Europe/Berlin" },
    who: { field: "userId" },
    what: { field: "type", values: { order: "conversion", lost: "skip" } },
    src: { field: "source" },
    amount: { field: "value", decimal: "." },
    cur: { field: "currency" },
    order: { field: "orderId" },
    land: { ignore: true },
  },
  defaults: { currency: "EUR" },
};
const check = async (lines: readonly string[], mapping = MAPPING) =>
  checkAll(tableOf([COLUMNS, ...lines].join("\n")), mapping);

describe("rows", () => {
  test("become events, in the zone of the mapping", async () => {
    const { events, counts } = await check([
      "2026-11-01 12:00,u1, Click ,Google ,,,,DE",
      "2026-11-01 13:00,u1,order,,19.99,,R1,DE",
      "2026-11-02 13:00,u1,refund,,-5.00,usd,R1,DE",
      "2026-11-03 13:00,u1,refund,,,,R1,DE",
      "2026-11-03 13:00,u1,LOST,,,,,",
    ]);
    expect(events.map(({ id: _, ...event }) => event)).toEqual([
      { type: "click", time: Date.UTC(2026, 10, 1, 11), userId: "u1", source: "Google" },
      {
        type: "conversion",
        time: Date.UTC(2026, 10, 1, 12),
        userId: "u1",
        orderId: "R1",
        value: "19.99",
        currency: "EUR",
      },
      {
        type: "refund",
        time: Date.UTC(2026, 10, 2, 12),
        userId: "u1",
        orderId: "R1",
        value: "5",
        currency: "USD",
      },
      { type: "refund", time: Date.UTC(2026, 10, 3, 12), userId: "u1", orderId: "R1" },
    ]);
    expect(counts).toEqual({
      rows: 5,
      events: 4,
      refused: 0,
      skipped: 1,
      repeated: 0,
      differing: 0,
    });
  });

  test.each([
    ["2026-11-01 12:00,,click,,,,,DE", "who", "", "expected a customer"],
    ["12.30 Uhr,u1,click,,,,,DE", "when", "12.30 Uhr", "expected a time as iso"],
    ["2026-11-01 12:00,u1,lead,,,,,DE", "what", "lead", "expected a type"],
    ["2026-11-01 12:00,u1,order,,x,,R1,DE", "amount", "x", "expected an amount"],
    ["2026-11-01 12:00,u1,order,,-1,,R1,DE", "amount", "-1", "a refund's"],
    ["2026-11-01 12:00,u1,order,,1,EURO$,R1,DE", "cur", "EURO$", "ISO 4217"],
    ["2026-11-01 12:00,u1,refund,,1,EUR,,DE", "order", "", "expected the ID of the order"],
    ["2099-11-01 12:00,u1,click,,,,,DE", "when", "", "time: "],
    [`2026-11-01 12:00,${"u".repeat(200)},click,,,,,DE`, "who", "u".repeat(200), "userId: "],
  ])("%s is refused by its column", async (line, column, value, reason) => {
    const good = "2026-11-01 12:00,u1,click,,,,,DE";
    const { refused, events, counts } = await check([good, line]);
    expect(refused).toEqual([
      { line: 3, cells: line.split(","), column, value, reason: expect.stringContaining(reason) },
    ]);
    expect(events).toHaveLength(1);
    expect(counts).toMatchObject({ rows: 2, events: 1, refused: 1 });
  });

  test("without a customer take the order's number for one, where that is asked for", async () => {
    const lines = ["2026-11-01 12:00,,order,,1,,R7,DE", "2026-11-01 12:00,,click,,,,,DE"];
    const { events, refused } = await check(lines, { ...MAPPING, userFrom: "orderId" });
    expect(events).toMatchObject([{ userId: "R7", orderId: "R7" }]);
    expect(refused).toMatchObject([{ line: 3, column: "who" }]);
  });

  test("keep columns as properties, which change no ID", async () => {
    const columns = { ...MAPPING.columns, land: { property: "country" } };
    const line = "2026-11-01 12:00,u1,click,,,,,DE";
    const { events } = await check([line], { ...MAPPING, columns });
    expect(events).toMatchObject([{ properties: { country: "DE" } }]);
    const { events: without } = await check([line]);
    expect(without[0]?.id).toBe(events[0]?.id);
  });
});

describe("IDs", () => {
  const click = "2026-11-01 12:00,u1,click,google,,,,DE";
  const order = (value: string): string => `2026-11-01 13:00,u1,order,,${value},,R1,DE`;
  const refund = "2026-11-02 13:00,u1,refund,,-5.00,,R1,DE";
  const ids = async (lines: readonly string[]): Promise<string[]> =>
    (await check(lines)).events.map(({ id }) => id).toSorted();

  test("follow from the row alone: neither order, nor length, nor another way to write it counts", async () => {
    const before = await ids([click, order("5.00"), refund, click]);
    expect(new Set(before).size).toBe(4);
    expect(await ids([refund, click, click, order("5.00")])).toEqual(before);
    const otherwise = click.replace("12:00", "12:00:00+01:00").replace("DE", "AT");
    expect(
      await ids([
        otherwise,
        "2026-11-03 12:00,u9,click,,,,,",
        click,
        refund,
        order("5,00".replace(",", ".")),
      ]),
    ).toEqual(expect.arrayContaining(before));
  });

  test("equal rows are told apart by how many there are", async () => {
    const two = await ids([refund, refund]);
    expect(await ids([refund, refund, refund])).toEqual(expect.arrayContaining(two));
    expect(new Set(await ids([refund, refund, refund])).size).toBe(3);
  });

  test("an order is known by its number: it counts once, with the values of its first row", async () => {
    const { events, counts, differing, rows } = await check([
      order("5"),
      order("5.00"),
      order("6"),
    ]);
    expect(events).toMatchObject([{ orderId: "R1", value: "5" }]);
    expect(counts).toMatchObject({ rows: 3, events: 1, repeated: 2, differing: 1 });
    expect(differing).toEqual([4]);
    const { rows: other } = await check([order("6")]);
    expect(other[0]?.slice(0, 32)).toBe(rows[0]?.slice(0, 32));
    expect(other[0]?.slice(32)).not.toBe(rows[0]?.slice(32));
  });

  test("a file has a bound", async () => {
    const lines = Array.from({ length: 11 }, (_, i) => `2026-11-01 12:00,u${i},click,,,,,`);
    const source = tableOf([COLUMNS, ...lines].join("\n"));
    await expect(checkAll(source, MAPPING, { maxRows: 10 })).rejects.toThrow(ImportError);
    expect((await checkAll(source, MAPPING, { maxRows: 11 })).counts.events).toBe(11);
  });
});

test("a reject file has the file's columns and the reasons, and is known by the same header", () => {
  const text = new RejectText(["a", "b"]);
  const row = { line: 7, cells: ['x "y"', "1,5"], column: "b", value: "1,5", reason: "no" };
  expect(text.header).toBe(
    "a,b,tributary_line,tributary_column,tributary_value,tributary_reason\r\n",
  );
  expect(text.line(row)).toBe('"x ""y""","1,5",7,b,"1,5",no\r\n');
  const again = text.header.trim().split(",");
  expect(new RejectText(again).header).toBe(text.header);
  expect(headerDigest(again)).toBe(headerDigest(["b", "a"]));
});
