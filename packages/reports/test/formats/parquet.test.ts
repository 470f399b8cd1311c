import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import type { WarehouseEngine } from "@tributary/warehouse";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reportSchema } from "../../src/answers/attribution.ts";
import { CATALOG } from "../../src/catalog/catalog.ts";
import { rowsParquet } from "../../src/formats/parquet.ts";
import { temporaryWarehouse } from "../support/parts.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

type Row = Readonly<Record<string, unknown>>;

/** What another reader finds in the file: rows, and the types of its columns. */
const readBack = async (file: Buffer): Promise<{ rows: Row[]; types: Record<string, string> }> => {
  const path = join(tmpdir(), `${randomUUID()}.parquet`);
  writeFileSync(path, file);
  const described = await engine.query<{ name: string; type: string }>(
    `DESCRIBE TABLE file('${path}', 'Parquet')`,
  );
  return {
    rows: await engine.query<Row>(`SELECT * FROM file('${path}', 'Parquet')`),
    types: Object.fromEntries(described.map(({ name, type }) => [name, type])),
  };
};

test("decimals keep every digit, names are any text, and nothing is nothing", async () => {
  const rows = [
    {
      model: "linear",
      channel: 'it\'s "x"\n',
      conversions: 0.5,
      value: "12345678901234.123456789012",
      currency: "EUR",
    },
    { model: "linear", channel: "ü", conversions: 1 / 3, value: "0", currency: "" },
  ];
  const { rows: read, types } = await readBack(await rowsParquet(engine, rows, reportSchema));
  expect(read).toEqual(rows);
  expect(types).toMatchObject({ channel: "Nullable(String)", value: "Nullable(Decimal(38, 12))" });
});

test("a column's type is the report's, whatever its rows hold", async () => {
  const row = {
    campaign: "2026",
    currency: "EUR",
    spend: "1",
    value: "2",
    conversions: "0",
    roas: null,
    match: "spend_without_conversion",
  };
  const { rows, types } = await readBack(await rowsParquet(engine, [row], CATALOG.cost.answer));
  expect(rows).toEqual([row]);
  expect(types).toMatchObject({
    campaign: "Nullable(String)",
    spend: "Nullable(Decimal(38, 12))",
    conversions: "Nullable(Decimal(38, 12))",
    roas: "Nullable(Float64)",
  });
});

test("what is a list is JSON, and a report without rows has its columns", async () => {
  const value = [{ currency: "EUR", value: "1.5" }];
  const row = { path: "a > b", touchpoints: 2, conversions: 1, value, nonConverting: 0 };
  const { rows } = await readBack(await rowsParquet(engine, [row], CATALOG.paths.answer));
  expect(rows).toEqual([{ ...row, value: JSON.stringify(value) }]);
  const empty = await readBack(await rowsParquet(engine, [], CATALOG.paths.answer));
  expect([empty.rows, Object.keys(empty.types)]).toEqual([[], Object.keys(row)]);
});
