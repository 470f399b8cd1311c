import type { AddressInfo } from "node:net";
import { FactRows, ResultRows, type WarehouseEngine } from "@tributary/warehouse";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ServerParts } from "../../src/http/parts.ts";
import { buildServer } from "../../src/http/server.ts";
import { fillWarehouse } from "../bench/fill.ts";
import { click, factBlock, purchase, resultBlock, T0 } from "../support/blocks.ts";
import {
  attributionAnswers,
  quietTelemetry,
  serverParts,
  temporaryWarehouse,
} from "../support/parts.ts";

/** Of more rows than a page has. */
const TOUCHPOINTS = 50_000;
const CONVERSIONS = 6000;
/** Later than all that {@link fillWarehouse} stores. */
const NOW = 1_800_000_000_000;

let engine: WarehouseEngine;
let parts: ServerParts;
let server: FastifyInstance;
/** It only grows. */
let completeUpTo = 1_700_000_002_000;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  await fillWarehouse(engine, { touchpoints: TOUCHPOINTS, conversions: CONVERSIONS, seed: 7 });
  const facts = new FactRows(1);
  const results = new ResultRows(1);
  const path = [click("t1", { campaign: '=1+1, "x"' })];
  facts.add(factBlock([...path, purchase("c1")], [], "other"), 0, "1700000001000-0");
  results.add(resultBlock([purchase("c1")], path, "10", "other"), 0, "1700000001000-0");
  facts.add(factBlock([click("late")], [], "other"), 0, "1700000002000-0");
  for (const rows of [facts, results]) {
    const { table, columns, bytes } = rows.finish();
    await engine.insertRowBinary(table, columns, bytes);
  }
  const { telemetry } = quietTelemetry();
  parts = serverParts(engine, telemetry, {
    attribution: attributionAnswers(engine, telemetry, () => completeUpTo),
    readKeys: new Map([
      ["big", "default"],
      ["small", "other"],
      ["none", "nobody"],
    ]),
  });
  server = buildServer(parts);
}, 60_000);
afterAll(async () => {
  await server.close();
  await remove();
});

const get = async (key: string, path: string, of = server) =>
  of.inject({ url: `/v1/export/${path}`, headers: { authorization: `Bearer ${key}` } });
const linesOf = (body: string): Record<string, unknown>[] =>
  body
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("what is not known to be complete is left out", async () => {
  const ids = async () => linesOf((await get("small", "events")).body).map(({ id }) => id);
  expect(await ids()).toEqual(["t1", "c1"]);
  completeUpTo = NOW;
  expect(await ids()).toEqual(["late", "t1", "c1"]);
});

test(
  "over many pages every event is there once, by user and time",
  { timeout: 60_000 },
  async () => {
    const { body, headers } = await get("big", "events");
    expect(headers["content-type"]).toBe("application/x-ndjson");
    const rows = linesOf(body);
    const counted = await engine.query<{ count: number }>(
      "SELECT toUInt32(count()) AS count FROM tributary.events FINAL WHERE tenant = 'default'",
    );
    expect(rows.length).toBeGreaterThan(TOUCHPOINTS);
    expect([{ count: rows.length }]).toEqual(counted);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    const places = rows.map(({ userId, time }) => `${String(userId)} ${String(time)}`);
    expect(places).toEqual(places.toSorted());
  },
);

test(
  "over many pages every conversion is there, and its credits sum to 1",
  { timeout: 60_000 },
  async () => {
    const conversions = linesOf((await get("big", "conversions")).body);
    const ids = new Set(conversions.map(({ id }) => id));
    expect(ids.size).toBe(conversions.length);
    expect(ids.size).toBeGreaterThanOrEqual(CONVERSIONS);
    const { body } = await get("big", "credits?format=csv");
    const [header = "", ...lines] = body.trimEnd().split("\n");
    const columns = header.split(",");
    const sums = new Map<string, number>();
    for (const line of lines) {
      const cells = line.split(",");
      const cell = (name: string): string => cells[columns.indexOf(name)] ?? "";
      const key = `${cell("conversionId")} ${cell("model")}`;
      const units = Math.round(Number(cell("credit")) * 1e12);
      sums.set(key, (sums.get(key) ?? 0) + units);
    }
    expect(new Set(sums.values())).toEqual(new Set([1e12]));
    expect(new Set([...sums.keys()].map((key) => key.split(" ")[0]))).toEqual(ids);
  },
);

test("a tenant has its own rows, of a range of time, known by then, and exact", async () => {
  const ids = async (query: string) =>
    linesOf((await get("small", `events${query}`)).body).map(({ id }) => id);
  expect(await ids("")).toEqual(["late", "t1", "c1"]);
  expect(await ids("?asOf=1700000001000")).toEqual(["t1", "c1"]);
  expect(await ids(`?from=${T0}`)).toEqual(["c1"]);
  expect(await ids(`?to=${T0}`)).toEqual(["late", "t1"]);
  expect((await get("small", "credits?format=csv")).body).toContain(',"=1+1, ""x""",');
  expect((await get("none", "credits")).body).toBe("");
  const parquet = await get("small", "events?format=parquet");
  expect(parquet.rawPayload.subarray(0, 4).toString()).toBe("PAR1");
});

test("a bad question is refused by the field's name, and no key has nothing", async () => {
  for (const [query, field] of [
    ["?format=xlsx", "format"],
    ["?from=yesterday", "from"],
    ["?from=2026-02-01&to=2026-01-01", "from"],
    ["?asOf=2999-01-01", "asOf"],
    ["?model=linear", "model"],
  ]) {
    const answer = await get("small", `events${query}`);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { field } }]);
  }
  expect((await get("wrong", "events")).statusCode).toBe(401);
  expect((await get("small", "touchpoints")).statusCode).toBe(404);
});

test("only so many run at a time, and one that fails midway is cut off, not ended", async () => {
  let failing = false;
  let answered = 0;
  const flaky: WarehouseEngine = {
    statements: 0,
    query: async (sql, params) => {
      answered += 1;
      if (failing && answered > 3) throw new Error("the disk is gone");
      return engine.query(sql, params);
    },
    queryArrow: async (sql, params) => engine.queryArrow(sql, params),
    queryParquet: async (sql, params) => engine.queryParquet(sql, params),
    exportParquet: async (sql, params) => engine.exportParquet(sql, params),
    dataVersion: async () => engine.dataVersion(),
    command: async (sql) => engine.command(sql),
    ping: async () => engine.ping(),
    close: async () => undefined,
    insertRowBinary: async (table, columns, bytes) => engine.insertRowBinary(table, columns, bytes),
  };
  const other = buildServer({ ...parts, engine: flaky });
  await other.listen({ port: 0, host: "127.0.0.1" });
  const { port } = other.server.address() as AddressInfo;
  const ask = async () =>
    fetch(`http://127.0.0.1:${port}/v1/export/events`, {
      headers: { authorization: "Bearer big" },
    });
  try {
    const first = await ask();
    const second = await ask();
    expect([second.status, await second.json()]).toMatchObject([429, { error: { code: "busy" } }]);
    expect(second.headers.get("retry-after")).toBe("1");
    // Whoever asked goes away: its place is free again.
    await first.body?.cancel();
    await expect.poll(async () => (await get("small", "events", other)).statusCode).toBe(200);
    failing = true;
    answered = 0;
    await expect((await ask()).text()).rejects.toThrow("terminated");
    failing = false;
    await expect.poll(async () => (await get("small", "events", other)).statusCode).toBe(200);
  } finally {
    await other.close();
  }
});
