import { afterAll, beforeAll, expect, test } from "vitest";
import type { FastifyInstance } from "fastify";
import { ResultRows } from "@tributary/warehouse";
import type { ServerParts } from "../../src/http/parts.ts";
import { buildServer } from "../../src/http/server.ts";
import { click, purchase, resultBlock, T0 } from "../support/blocks.ts";
import {
  attributionAnswers,
  quietTelemetry,
  serverParts,
  temporaryWarehouse,
} from "../support/parts.ts";

let parts: ServerParts;
let open: FastifyInstance;
let locked: FastifyInstance;
let stalledMs = 0;
let redis = true;
let settled = true;
let remove: () => Promise<void>;

beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  const { engine } = warehouse;
  remove = warehouse.remove;
  const rows = new ResultRows(1);
  const path = [
    click("t1", { campaign: "=1+1" }),
    click("t2", { channel: "paid_search", campaign: "spring, sale" }),
  ];
  rows.add(resultBlock([purchase("c1")], path, "10"), 0, "1700000001000-0");
  rows.add(resultBlock([purchase("c2", { time: T0 + 1000 })], [], "2.50"), 0, "1700000001000-1");
  const { table, columns, bytes } = rows.finish();
  await engine.insertRowBinary(table, columns, bytes);
  const { telemetry } = quietTelemetry();
  parts = serverParts(engine, telemetry, {
    attribution: attributionAnswers(engine, telemetry, () => T0),
    stalledForMs: () => stalledMs,
    redisReady: () => redis,
    readLag: async () => ({
      partitions: [],
      total: {
        warehouse: {
          entries: 3,
          undelivered: 1,
          pending: 2,
          oldestAgeSeconds: 1.5,
          entriesPerSecond: 0,
          secondsToDrain: null,
          lost: 0,
          stranded: false,
        },
      },
      outbox: { entries: 6, oldestAgeSeconds: 7.5 },
      webhooks: null,
      books: { accepted: 9, processed: 7, dropped_facts_per_user: 2 },
      booksResidue: 4,
      deadLetters: { count: 5, oldestAgeSeconds: 6.5 },
    }),
    settle: async () => settled,
  });
  open = buildServer(parts);
  locked = buildServer({
    ...parts,
    readKeys: new Map([
      ["k:1", "default"],
      ["k2", "other"],
    ]),
  });
});
afterAll(async () => {
  await open.close();
  await locked.close();
  await remove();
});

test("a report as JSON keeps its contract", async () => {
  const response = await open.inject("/v1/reports/attribution?model=linear,last_touch&by=channel");
  expect(response.statusCode).toBe(200);
  const linear = { model: "linear", currency: "EUR" };
  const last = { model: "last_touch", currency: "EUR" };
  expect(response.json()).toEqual({
    timeZone: "UTC",
    completeUpTo: T0,
    source: "streamed",
    rules: {
      clickWindowMs: 30 * 86_400_000,
      viewWindowMs: 86_400_000,
      halfLifeMs: 7 * 86_400_000,
      viewThrough: true,
      clickBeatsImpression: false,
      afterConversion: "keep",
      transform: "unique",
    },
    rows: [
      { ...linear, channel: "email", conversions: 0.5, value: "5" },
      { ...linear, channel: "paid_search", conversions: 0.5, value: "5" },
      { ...linear, channel: "unattributed", unattributed: true, conversions: 1, value: "2.5" },
      { ...last, channel: "paid_search", conversions: 1, value: "10" },
      { ...last, channel: "unattributed", unattributed: true, conversions: 1, value: "2.5" },
    ],
    totals: {
      conversions: 2,
      attributed: 1,
      unattributed: 1,
      value: [{ currency: "EUR", value: "12.5" }],
    },
  });
});

test("a report as CSV: quoted where it must be, formulas escaped", async () => {
  const url = "/v1/reports/attribution?model=linear&by=campaign,channel&format=csv";
  const response = await open.inject(url);
  expect(response.headers["content-type"]).toBe("text/csv; charset=utf-8");
  expect(response.body).toBe(
    [
      "model,campaign,channel,conversions,value,currency",
      "linear,'=1+1,email,0.5,5,EUR",
      'linear,"spring, sale",paid_search,0.5,5,EUR',
      "linear,(unattributed),unattributed,1,2.5,EUR",
      "",
    ].join("\n"),
  );
});

test("a time range takes its start and leaves its end", async () => {
  const count = async (range: string): Promise<unknown> => {
    const response = await open.inject(`/v1/reports/attribution?${range}`);
    return response.json<{ totals: { conversions: number } }>().totals.conversions;
  };
  expect(await count(`from=${T0}&to=${T0 + 1000}`)).toBe(1);
  expect(await count(`from=${T0 + 1}`)).toBe(1);
  expect(await count(`to=${new Date(T0 + 1001).toISOString()}`)).toBe(2);
});

test.for([
  ["/v1/reports/attribution?model=nope", 400, "model_unknown", "model"],
  ["/v1/reports/attribution?by=a,b,c", 400, "dimension_unknown", "by"],
  ["/v1/reports/attribution?from=5pm", 400, "time_invalid", "from"],
  ["/v1/reports/attribution?windw=30d", 400, "parameter_unknown", "windw"],
  ["/v1/reports/attribution?window=30", 400, "window_invalid", "window"],
  ["/v1/reports/attribution?asOf=2999-01-01", 400, "time_in_future", "asOf"],
  ["/v1/conversions/c1?asOf=soon", 400, "time_invalid", "asOf"],
  ["/v1/conversions/c1?as_of=2026-01-01", 400, "parameter_unknown", "as_of"],
  ["/v1/conversions/c1?asOf=1700000000999", 404, "not_found", undefined],
  ["/v1/settled?timeoutMs=-1", 400, "timeout_invalid", "timeoutMs"],
  ["/v1/settled?timeoutMs=90000", 400, "timeout_invalid", "timeoutMs"],
  ["/v1/conversions/nobody", 404, "not_found", undefined],
  ["/v1/nothing", 404, "not_found", undefined],
] as const)("%s answers %i %s", async ([url, status, code, field]) => {
  const response = await open.inject(url);
  expect(response.statusCode).toBe(status);
  const { error } = response.json<{ error: Record<string, unknown> }>();
  expect(error).toMatchObject({ code, ...(field === undefined ? {} : { field }) });
  expect(error["reason"]).toEqual(expect.any(String));
});

test("a conversion by its ID and by its order", async () => {
  for (const key of ["c1", "order-c1"]) {
    const response = await open.inject(`/v1/conversions/${key}`);
    expect(response.json()).toMatchObject({
      id: "c1",
      orderId: "order-c1",
      value: "10",
      touchpoints: [
        { index: 1, id: "t1" },
        { index: 2, id: "t2" },
      ],
    });
  }
});

test("as of a time: what was attributed by then", async () => {
  const totals = async (asOf: number): Promise<unknown> => {
    const response = await open.inject(`/v1/reports/attribution?asOf=${asOf}`);
    const { asOf: answered, totals: all } = response.json<{
      asOf: number;
      totals: { conversions: number };
    }>();
    return [answered, all.conversions];
  };
  expect(await totals(1_700_000_000_999)).toEqual([1_700_000_000_999, 0]);
  expect(await totals(1_700_000_001_000)).toEqual([1_700_000_001_000, 2]);
  const response = await open.inject("/v1/conversions/c1?asOf=2023-11-14T22:13:21Z");
  expect(response.json()).toMatchObject({
    asOf: 1_700_000_001_000,
    revision: 0,
    revisions: [{ revision: 0, reason: "first", touches: 2, attributedAt: 1_700_000_001_000 }],
  });
});

test("keys say whose data is read, in any of three headers", async () => {
  const url = "/v1/conversions/c1";
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await locked.inject({ url, headers })).statusCode;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: "Bearer wrong" })).toBe(401);
  expect(await status({ authorization: "Bearer k:1" })).toBe(200);
  expect(await status({ authorization: basic("k:1:") })).toBe(200);
  expect(await status({ "x-read-key": "k:1" })).toBe(200);
  expect(await status({ "x-read-key": "k2" })).toBe(404);
  const refused = await locked.inject("/v1/reports/attribution");
  expect(refused.headers["www-authenticate"]).toBe('Bearer realm="tributary"');
  expect(refused.json()).toMatchObject({ error: { code: "unauthorized" } });
  for (const path of ["/v1/lag", "/v1/settled"]) {
    expect((await locked.inject(path)).statusCode).toBe(401);
  }
});

test("settled says whether it is", async () => {
  expect((await open.inject("/v1/settled?timeoutMs=10")).json()).toEqual({ settled: true });
  settled = false;
  expect((await open.inject("/v1/settled")).json()).toEqual({ settled: false });
});

test("health is progress; readiness is Redis and the warehouse; lag needs Redis", async () => {
  expect((await open.inject("/healthz")).json()).toEqual({ status: "ok" });
  expect((await open.inject("/readyz")).json()).toEqual({ status: "ready" });
  stalledMs = 4000;
  redis = false;
  const health = await open.inject("/healthz");
  expect(health.statusCode).toBe(503);
  expect(health.json()).toEqual({
    status: "unhealthy",
    reason: "entries have waited for 4 s and none was loaded",
  });
  expect((await open.inject("/readyz")).statusCode).toBe(503);
  const lag = await open.inject("/v1/lag");
  expect(lag.statusCode).toBe(503);
  expect(lag.headers["retry-after"]).toBe("1");
  redis = true;
  stalledMs = 0;
  expect((await open.inject("/v1/lag")).json()).toMatchObject({ booksResidue: 4 });
});

test("metrics have requests by route pattern, and the lag", async () => {
  const { body } = await open.inject("/metrics");
  expect(body).toContain(
    'tributary_http_requests_total{route="/v1/conversions/:key",status="200"}',
  );
  expect(body).toContain('tributary_lag_entries{group="warehouse"} 3');
  expect(body).toContain("tributary_redis_commands 2");
  expect(body).toContain("tributary_warehouse_statements 0");
  expect(body).toContain('tributary_drain_seconds{group="warehouse"} +Inf');
  expect(body).toContain('tributary_books_events{account="dropped_facts_per_user"} 2');
  expect(body).toContain("tributary_books_residue_events 4");
  expect(body).toContain("tributary_kept_dead_letters 5");
  expect(body).toContain("tributary_oldest_dead_letter_age_seconds 6.5");
  expect(body).toContain('tributary_oldest_event_age_seconds{group="warehouse"} 1.5');
});
