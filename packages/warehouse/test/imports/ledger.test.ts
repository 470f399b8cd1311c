import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import {
  findImportRows,
  IMPORT_ROW_BYTES,
  type ImportRecord,
  readImports,
  readMapping,
  storeImport,
  storeImportRows,
} from "../../src/imports/ledger.ts";
import { removeImported } from "../../src/imports/remove-imported.ts";
import {
  type RateRow,
  readRates,
  readSpend,
  type SpendRow,
  storeRates,
  storeSpend,
} from "../../src/query/spend.ts";
import { temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

/** Rows by two numbers each: what makes it itself, and its content. */
function rows(...given: readonly (readonly [row: number, content: number])[]): Buffer {
  const bytes = Buffer.alloc(given.length * IMPORT_ROW_BYTES);
  for (const [i, [row, content]] of given.entries()) {
    // Zeros at both ends: bytes that a text would lose.
    bytes.writeUInt32BE(row, i * IMPORT_ROW_BYTES + 6);
    bytes.writeUInt32BE(content, i * IMPORT_ROW_BYTES + 18);
  }
  return bytes;
}

function record(more: Partial<ImportRecord> = {}): ImportRecord {
  return {
    tenant: "acme",
    importId: randomUUID(),
    kind: "events",
    state: "begun",
    file: "orders.csv",
    header: "h1",
    mapping: '{"version":1}',
    begunAt: 1_790_000_000_123,
    rows: 0,
    newRows: 0,
    presentRows: 0,
    differingRows: 0,
    refusedRows: 0,
    ...more,
  };
}

describe("rows of events", () => {
  test("are known by what makes them themselves, to their tenant alone", async () => {
    await storeImportRows(engine, "acme", randomUUID(), rows([1, 10], [2, 20], [3, 30]));
    await storeImportRows(engine, "acme", randomUUID(), rows([4, 40]));
    const asked = rows([9, 90], [4, 40], [2, 21], [1, 10]);
    const found = await findImportRows(engine, "acme", asked);
    expect(found.toSorted((a, b) => a.place - b.place)).toEqual([
      { place: 1, same: true },
      { place: 2, same: false },
      { place: 3, same: true },
    ]);
    expect(await findImportRows(engine, "other", asked)).toEqual([]);
  });

  test("that are asked about leave nothing behind", async () => {
    await findImportRows(engine, "acme", rows([1, 10]));
    const [{ count } = { count: "" }] = await engine.query<{ count: string }>(
      "SELECT toString(count()) AS count FROM tributary.import_lookups",
    );
    expect(count).toBe("0");
  });
});

describe("imports", () => {
  test("are listed the newest first, each as it was stored last", async () => {
    const first = record({ tenant: "list", begunAt: 1_790_000_000_123 });
    const second = record({ tenant: "list", begunAt: 1_790_000_000_456, kind: "spend" });
    await storeImport(engine, first, first.begunAt);
    await storeImport(engine, second, second.begunAt);
    const done = { ...first, state: "done" as const, rows: 300, newRows: 3, presentRows: 297 };
    await storeImport(engine, done, first.begunAt + 1);
    expect(await readImports(engine, "list")).toEqual([second, done]);
    expect(await readImports(engine, "list", first.importId)).toEqual([done]);
    expect(await readImports(engine, "acme", first.importId)).toEqual([]);
  });

  test("remember the last mapping of a header, but not that of an import that was undone", async () => {
    const before = record({ tenant: "map", header: "x", mapping: "1", begunAt: 1000 });
    const undone = record({ tenant: "map", header: "x", mapping: "2", begunAt: 2000 });
    await storeImport(engine, before, 1000);
    await storeImport(engine, { ...undone, state: "undone" }, 2000);
    expect(await readMapping(engine, "map", "x")).toBe("1");
    expect(await readMapping(engine, "map", "y")).toBeUndefined();
    expect(await readMapping(engine, "acme", "x")).toBeUndefined();
  });
});

describe("spend and rates", () => {
  const spend = (campaign: string, amount: bigint): SpendRow => ({
    day: "2026-10-01",
    source: "google",
    medium: "cpc",
    campaign,
    term: "",
    content: "",
    channel: "paid_search",
    currency: "EUR",
    amount,
  });
  const rate = (units: bigint): RateRow => ({
    day: "2026-10-01",
    currency: "USD",
    target: "EUR",
    rate: units,
  });
  const amounts = async (): Promise<Record<string, bigint>> => {
    const found = await readSpend(engine, { tenant: "acme" });
    return Object.fromEntries(found.map(({ campaign, amount }) => [campaign, amount]));
  };

  test("of an import that is undone are as if it had never been, in whatever order", async () => {
    const first = randomUUID();
    const second = randomUUID();
    await storeSpend(engine, "acme", [spend("a", 1n)], { importedAt: 1000, importId: "" });
    const a = { importedAt: 2000, importId: first };
    await storeSpend(engine, "acme", [spend("a", 2n), spend("b", 2n)], a);
    await storeSpend(engine, "acme", [spend("b", 3n)], { importedAt: 3000, importId: second });
    expect(await amounts()).toEqual({ a: 2n, b: 3n });
    await removeImported(engine, "spend", first);
    expect(await amounts()).toEqual({ a: 1n, b: 3n });
    await removeImported(engine, "spend", second);
    await removeImported(engine, "spend", second);
    expect(await amounts()).toEqual({ a: 1n });
  });

  test("rates as well", async () => {
    const importId = randomUUID();
    await storeRates(engine, "acme", [rate(1n)], { importedAt: 1000, importId: "" });
    await storeRates(engine, "acme", [rate(2n)], { importedAt: 2000, importId });
    expect(await readRates(engine, "acme")).toEqual([rate(2n)]);
    await removeImported(engine, "rates", importId);
    expect(await readRates(engine, "acme")).toEqual([rate(1n)]);
  });

  test("only of an import", async () => {
    await expect(removeImported(engine, "spend", "' OR 1")).rejects.toThrow(TypeError);
  });
});
