import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let dataDir: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, dataDir, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

test.for([
  ["{x:String}", 'it\'s \\ "a"\n\ttab é'],
  ["{x:Int64}", 1_700_000_000_000],
  ["{x:Bool}", true],
  ["{x:Array(String)}", ["a'b", "c\\d", ""]],
] as const)("binds %s", async ([placeholder, value]) => {
  const [row] = await engine.query<{ x: unknown }>(`SELECT ${placeholder} AS x`, { x: value });
  expect(row?.x).toEqual(typeof value === "number" ? String(value) : value);
});

test("a bound value is never SQL", async () => {
  const hostile = "') OR 1=1; DROP TABLE tributary.events --";
  const rows = await engine.query("SELECT 1 FROM tributary.events WHERE tenant = {x:String}", {
    x: hostile,
  });
  expect(rows).toEqual([]);
});

test("decimals and 64-bit integers come as text", async () => {
  const [row] = await engine.query(
    "SELECT toDecimal128('12345678901234.123456789012', 12) AS d, toUInt64('18446744073709551615') AS u, toUInt32(7) AS n",
  );
  expect(row).toEqual({ d: "12345678901234.123456789012", u: "18446744073709551615", n: 7 });
});

test("a bad statement says what is wrong", async () => {
  await expect(engine.query("SELECT * FROM tributary.nothing")).rejects.toMatchObject({
    code: "query_failed",
    retryable: false,
    message: expect.stringContaining("nothing"),
  });
  await expect(engine.command("SELEC 1")).rejects.toMatchObject({ code: "query_failed" });
});

test("bad bytes are refused whole and leave no file", async () => {
  const columns = [{ name: "tenant", type: "String" }];
  await expect(
    engine.insertRowBinary("tributary.events", columns, Uint8Array.of(200, 1, 65)),
  ).rejects.toMatchObject({ code: "insert_failed", retryable: true });
  expect(await readdir(join(dataDir, "loading"))).toEqual([]);
  expect(await engine.query("SELECT count() AS n FROM tributary.events")).toEqual([{ n: "0" }]);
});

test("a folder that another process holds gives one clear sentence", async () => {
  const open = new URL("../../src/engine/open.ts", import.meta.url).href;
  const program = `
    const { openWarehouse } = await import(${JSON.stringify(open)});
    try { await openWarehouse({ dataDir: ${JSON.stringify(dataDir)} }); }
    catch (error) { console.log(JSON.stringify({ code: error.code, message: error.message })); }`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "-e",
    program,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    code: "data_dir_locked",
    message: `the warehouse folder ${dataDir} is in use by process ${process.pid}: stop it, or use another data folder`,
  });
});
