import { afterAll, beforeAll, expect, test } from "vitest";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { migrate } from "../../src/engine/migrations.ts";
import { openWarehouse } from "../../src/engine/open.ts";
import { attributionReport } from "../../src/query/report-queries.ts";
import { click, factBlock, purchase, resultBlock, T0 } from "../support/blocks.ts";
import { startShim, type ShimRequest } from "../support/clickhouse-shim.ts";
import { loadFacts, loadResults, temporaryWarehouse } from "../support/warehouse.ts";

let behind: WarehouseEngine;
let engine: WarehouseEngine;
let requests: ShimRequest[];
let url: string;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const warehouse = await temporaryWarehouse(false);
  behind = warehouse.engine;
  const shim = await startShim(behind);
  ({ requests, url } = shim);
  engine = await openWarehouse({ clickhouseUrl: url }, { queryTimeoutMs: 5000 });
  cleanUp.push(() => engine.close(), shim.stop, warehouse.remove);
});
afterAll(async () => {
  for (const step of cleanUp) await step();
});

test("the same migrations, loads and reports run over HTTP", async () => {
  await engine.ping();
  expect(await migrate(engine)).not.toEqual([]);
  expect(await migrate(engine)).toEqual([]);
  await loadFacts(
    engine,
    factBlock([click("e'1\\", T0), purchase("c1", T0 + 1, { value: "1.5", currency: "EUR" })]),
  );
  const touches = [click("t1", T0 - 1), click("t2", T0, { channel: "email" })];
  const conversion = purchase("c1", T0, { currency: "EUR" });
  await loadResults(engine, resultBlock([{ conversion, touches, value: "3" }]));
  const question = {
    tenant: "default",
    models: ["linear", "last_touch"],
    by: ["channel"],
  } as const;
  const { report } = await attributionReport(engine, { ...question, from: T0, to: T0 + 1 });
  expect(report.rows).toEqual([
    { model: "linear", channel: "email", conversions: 0.5, value: "1.5", currency: "EUR" },
    { model: "linear", channel: "paid_search", conversions: 0.5, value: "1.5", currency: "EUR" },
    { model: "last_touch", channel: "email", conversions: 1, value: "3", currency: "EUR" },
  ]);
  const [event] = await engine.query(
    "SELECT event_id FROM tributary.events WHERE event_id = {id:String}",
    {
      id: "e'1\\",
    },
  );
  expect(event).toEqual({ event_id: "e'1\\" });
});

test("millions of rows come in Arrow, parameters bound", async () => {
  const sql =
    "SELECT toFloat64(number) AS n FROM numbers(3) WHERE toString(number) != {not:String}";
  const direct = await behind.queryArrow(sql, { not: "1" });
  expect(Buffer.from(direct).subarray(0, 6).toString()).toBe("ARROW1");
  expect(await engine.queryArrow(sql, { not: "1" })).toEqual(direct);
  const file = await behind.queryParquet(sql, { not: "1" });
  expect(file.subarray(0, 4).toString()).toBe("PAR1");
  expect(await engine.queryParquet(sql, { not: "1" })).toEqual(file);
});

test("the data version is another one after each load", async () => {
  const before = [await engine.dataVersion(), await behind.dataVersion()];
  await loadFacts(engine, factBlock([click("r", T0)]));
  const after = [await engine.dataVersion(), await behind.dataVersion()];
  expect(after[0]).not.toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  expect([await engine.dataVersion(), await behind.dataVersion()]).toEqual(after);
});

test("rows go as the body, the statement in the URL, settings with each query", async () => {
  const insert = requests.find(({ sql }) => sql.startsWith("INSERT INTO tributary.events"));
  expect(insert?.settings["query"]).toBe(insert?.sql);
  const select = requests.find(({ sql }) => sql.startsWith("SELECT model"));
  expect(select?.settings).toMatchObject({
    max_execution_time: "5",
    output_format_json_quote_decimals: "1",
    output_format_json_quote_64bit_integers: "1",
  });
});

test("errors carry their code", async () => {
  await expect(
    engine.insertRowBinary(
      "tributary.events",
      [{ name: "tenant", type: "String" }],
      Uint8Array.of(9),
    ),
  ).rejects.toMatchObject({ code: "insert_failed" });
  await expect(engine.query("SELECT * FROM tributary.nothing")).rejects.toMatchObject({
    message: expect.stringContaining("nothing"),
  });
  await expect(openWarehouse({ clickhouseUrl: "nowhere" })).rejects.toMatchObject({
    code: "unavailable",
  });
  const away = await openWarehouse({ clickhouseUrl: "http://127.0.0.1:1" });
  await expect(away.ping()).rejects.toMatchObject({ code: "unavailable", retryable: true });
  await expect(away.query("SELECT 1")).rejects.toMatchObject({ code: "unavailable" });
  await away.close();
});
