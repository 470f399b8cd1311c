import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ResultRows, type WarehouseEngine } from "@tributary/warehouse";
import { buildServer } from "../../src/http/server.ts";
import { click, purchase, resultBlock, T0 } from "../support/blocks.ts";
import {
  attributionAnswers,
  quietTelemetry,
  serverParts,
  temporaryWarehouse,
} from "../support/parts.ts";

let engine: WarehouseEngine;
let open: FastifyInstance;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  const rows = new ResultRows(1);
  const path = [click("t1"), click("t2", { channel: "paid_search" })];
  rows.add(resultBlock([purchase("c1")], path, "10"), 0, "1700000001000-0");
  rows.add(resultBlock([purchase("c2", { time: T0 + 1000 })], [], "2.50"), 0, "1700000001000-1");
  const { table, columns, bytes } = rows.finish();
  await engine.insertRowBinary(table, columns, bytes);
  const { telemetry } = quietTelemetry();
  const attribution = attributionAnswers(engine, telemetry, () => T0);
  // Without Redis there is no lag among the metrics.
  const redisReady = () => false;
  open = buildServer(serverParts(engine, telemetry, { attribution, redisReady }));
});
afterAll(async () => {
  await open.close();
  await remove();
});

test("models over paths, with intervals in JSON and CSV", async () => {
  const url = "/v1/reports/attribution?model=shapley&confidence=0.9&transform=first";
  const { rows, comparisons } = (await open.inject(url)).json();
  expect(rows.find(({ channel }: { channel: string }) => channel === "email")).toEqual({
    model: "shapley",
    channel: "email",
    conversions: 0.5,
    value: "5",
    currency: "EUR",
    conversionsInterval: [expect.any(Number), expect.any(Number)],
    valueInterval: [expect.any(Number), expect.any(Number)],
  });
  expect(comparisons).toHaveLength(1);
  const csv = (await open.inject(`${url}&format=csv`)).body.split("\n");
  expect(csv[0]).toBe(
    "model,channel,conversions,value,currency,conversionsLow,conversionsHigh,valueLow,valueHigh",
  );
  expect(csv[1]).toMatch(/^shapley,email,0\.5,5,EUR,[\d.]+,[\d.]+,[\d.]+,[\d.]+$/);
});

test("models of one's own are taken from a query or a body, and refused by their field", async () => {
  const model = { name: "ours", channels: { email: 0 } };
  const query = new URLSearchParams({ custom: JSON.stringify(model) }).toString();
  const url = "/v1/reports/attribution";
  const inQuery = await open.inject(`${url}?${query}`);
  const inBody = await open.inject({ method: "POST", url, payload: model });
  expect(inQuery.statusCode).toBe(200);
  expect(inBody.json()).toEqual(inQuery.json());
  expect(inBody.json()).toMatchObject({ source: "facts" });
  const both = await open.inject({ method: "POST", url: `${url}?${query}`, payload: model });
  expect(both.json()).toMatchObject({ error: { code: "parameter_repeated", field: "custom" } });
  const bad = await open.inject({
    method: "POST",
    url,
    payload: [{ name: "ours", types: { tap: 1 } }],
  });
  expect(bad.statusCode).toBe(400);
  expect(bad.json()).toMatchObject({
    error: { code: "custom_model_invalid", field: "custom[0].types.tap" },
  });
});

test("a report is kept until something is loaded, its completeness is not", async () => {
  const count = async (outcome: string): Promise<number> => {
    const { body } = await open.inject("/metrics");
    const line = body
      .split("\n")
      .find((text) => text.startsWith("tributary_cached_reports_total") && text.includes(outcome));
    return Number(line?.split(" ")[1] ?? 0);
  };
  const ask = async () => {
    const response = await open.inject("/v1/reports/attribution?model=linear&by=medium");
    return response.json<{ completeUpTo: number; totals: { conversions: number } }>();
  };
  const [hits, misses] = [await count("hit"), await count("miss")];
  const first = await ask();
  expect(await ask()).toEqual(first);
  expect([await count("hit"), await count("miss")]).toEqual([hits + 1, misses + 1]);
  const rows = new ResultRows(1);
  rows.add(resultBlock([purchase("c9")], [], "1"), 0, "1700000002000-0");
  const { table, columns, bytes } = rows.finish();
  await engine.insertRowBinary(table, columns, bytes);
  expect((await ask()).totals.conversions).toBe(first.totals.conversions + 1);
  expect(await count("miss")).toBe(misses + 2);
});
