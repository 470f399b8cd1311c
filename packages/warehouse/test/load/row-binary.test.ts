import { afterAll, beforeAll, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import fc from "fast-check";
import type { Column, WarehouseEngine } from "../../src/engine/engine.ts";
import { RowBinaryWriter } from "../../src/load/row-binary.ts";
import { temporaryWarehouse } from "../support/warehouse.ts";

const COLUMNS: readonly Column[] = [
  { name: "n", type: "UInt32" },
  { name: "s", type: "String" },
  { name: "lc", type: "String" },
  { name: "b", type: "Bool" },
  { name: "u16", type: "UInt16" },
  { name: "t", type: "DateTime64(3, 'UTC')" },
  { name: "d64", type: "Decimal(18, 12)" },
  { name: "d128", type: "Decimal(38, 12)" },
  { name: "nd", type: "Nullable(Decimal(38, 12))" },
  { name: "a", type: "Array(String)" },
  { name: "ad", type: "Array(Decimal(38, 12))" },
];

interface Row {
  s: string;
  lc: string;
  b: boolean;
  u16: number;
  t: number;
  d64: bigint;
  d128: bigint;
  nd: bigint | null;
  a: string[];
  ad: bigint[];
}

const decimal128 = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n });
const anyRow: fc.Arbitrary<Row> = fc.record({
  s: fc.string({ unit: "binary", maxLength: 300 }),
  lc: fc.string({ maxLength: 20 }),
  b: fc.boolean(),
  u16: fc.nat(65_535),
  t: fc.integer({ min: -2_000_000_000_000, max: 9_000_000_000_000 }),
  d64: fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
  d128: decimal128,
  nd: fc.option(decimal128),
  a: fc.array(fc.string(), { maxLength: 200 }),
  ad: fc.array(decimal128, { maxLength: 5 }),
});

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse(false));
  await engine.command("CREATE DATABASE tributary");
  const columns = COLUMNS.map(({ name, type }) =>
    name === "lc" ? `${name} LowCardinality(String)` : `${name} ${type}`,
  );
  await engine.command(
    `CREATE TABLE tributary.all_types (${columns.join(", ")}) ENGINE = MergeTree ORDER BY n`,
  );
});
afterAll(() => remove());

/** Integers of 10^-12 as the engine shows them multiplied back. */
const SELECT = `SELECT s, lc, b, u16, toString(toUnixTimestamp64Milli(t)) AS t,
  toString(reinterpretAsInt64(d64)) AS d64,
  toString(reinterpretAsInt128(d128)) AS d128, toString(reinterpretAsInt128(nd)) AS nd,
  a, arrayMap(d -> toString(reinterpretAsInt128(d)), ad) AS ad FROM tributary.all_types ORDER BY n`;

function write(writer: RowBinaryWriter, row: Row, n: number): void {
  writer.uint32(n);
  writer.string(row.s);
  writer.string(row.lc);
  writer.uint8(row.b ? 1 : 0);
  writer.uint16(row.u16);
  writer.dateTime64(row.t);
  writer.decimal64(row.d64);
  writer.decimal128(row.d128);
  writer.uint8(row.nd === null ? 1 : 0);
  if (row.nd !== null) writer.decimal128(row.nd);
  writer.arrayLength(row.a.length);
  for (const text of row.a) writer.string(text);
  writer.arrayLength(row.ad.length);
  for (const units of row.ad) writer.decimal128(units);
}

test("every type comes back from chDB as it was written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 100 }), async (rows) => {
      await engine.command("TRUNCATE TABLE tributary.all_types");
      const writer = new RowBinaryWriter();
      for (const [n, row] of rows.entries()) write(writer, row, n);
      await engine.insertRowBinary("tributary.all_types", COLUMNS, writer.written());
      const read = await engine.query<Record<string, unknown>>(SELECT);
      const expected = rows.map((row) => ({
        ...row,
        s: Buffer.from(row.s, "utf8").toString("utf8"),
        t: String(row.t),
        d64: String(row.d64),
        d128: String(row.d128),
        nd: row.nd === null ? null : String(row.nd),
        ad: row.ad.map(String),
      }));
      expect(read).toEqual(expected);
    }),
    { numRuns: runs(20) },
  );
});

test("truncate takes back a row in the making", () => {
  const writer = new RowBinaryWriter();
  writer.string("kept");
  const { length } = writer;
  writer.string("x".repeat(100_000));
  writer.truncate(length);
  expect([...writer.written()]).toEqual([4, ...Buffer.from("kept")]);
});

test("a UUID's bytes become its text", () => {
  const uuid = "0b8e2f1a-1111-4222-8333-4444555566ff";
  const bytes = Buffer.concat([Buffer.of(9), Buffer.from(uuid.replaceAll("-", ""), "hex")]);
  const writer = new RowBinaryWriter();
  writer.uuidText(bytes, 1);
  expect(Buffer.from(writer.written()).toString("latin1")).toBe(`$${uuid}`);
});
