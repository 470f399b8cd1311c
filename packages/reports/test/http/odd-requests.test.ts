import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  codeOf,
  oddAnswers,
  rawAnswer,
  UNREADABLE,
} from "../../../../test/support/odd-requests.ts";
import { REPORTS_ERROR_CODES, ReportsError } from "../../src/errors.ts";
import { buildServer } from "../../src/http/server.ts";
import { noErasures, quietTelemetry, serverParts, temporaryWarehouse } from "../support/parts.ts";

let server: FastifyInstance;
let port: number;
let logged: () => string[];
let remove: () => Promise<void>;
const unavailable = async () => Promise.reject(new ReportsError("unavailable", "not asked here"));
beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  const quiet = quietTelemetry();
  ({ logged } = quiet);
  server = buildServer(
    serverParts(warehouse.engine, quiet.telemetry, {
      readAccounting: unavailable,
      readLag: unavailable,
      erasures: { ...noErasures, ask: unavailable },
    }),
  );
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  port = Number(new URL(address).port);
  remove = async () => {
    await server.close();
    await warehouse.remove();
  };
});
afterAll(async () => remove?.());
const codes = Object.keys(REPORTS_ERROR_CODES);

it("every route answers every method and body in the documented form, and none with 500", async () => {
  const routes = server.getDecorator<{ patterns: string[] }>("routeMethods").patterns;
  const some = ["/v1/reports/attribution", "/v1/conversions/:key", "/v1/spend", "/metrics"];
  expect(routes).toEqual(expect.arrayContaining(some));
  const ours = routes.filter((route) => !route.startsWith("/docs"));
  const faults = await oddAnswers({
    port,
    routes: [...ours, "/docs/", "/none"],
    headers: {},
    codes,
  });
  expect(faults.slice(0, 20)).toEqual([]);
  expect(logged()).toEqual([]);
}, 120_000);

it("what is no HTTP is answered in the documented form", async () => {
  for (const [bytes, status] of UNREADABLE) {
    const [head = "", body = ""] = (await rawAnswer(port, bytes)).split("\r\n\r\n");
    expect([bytes.slice(0, 60), head.slice(9, 12), codeOf(body)]).toEqual([
      bytes.slice(0, 60),
      String(status),
      "request_malformed",
    ]);
  }
});

it("a path that is there names the methods that it takes", async () => {
  for (const [url, allow] of [
    ["/v1/spend", "GET, HEAD, POST"],
    ["/v1/reports/counts", "GET, HEAD"],
    ["/v1/erasures/abc", "GET, HEAD"],
    ["/healthz", "GET, HEAD"],
  ] as const) {
    const answer = await server.inject({ method: "DELETE", url });
    expect([url, answer.statusCode, answer.headers.allow]).toEqual([url, 405, allow]);
    expect(codeOf(answer.body)).toBe("method_not_allowed");
  }
});

it("clients that break off within their body or their answer write nothing to the log", async () => {
  for (const [bytes, waitMs] of [
    [
      "POST /v1/spend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
      20,
    ],
    [
      "POST /v1/erasures HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
      20,
    ],
    ["GET /v1/export/events?format=parquet HTTP/1.1\r\nHost: localhost\r\n\r\n", 0],
    ["GET /v1/reports/attribution?models=linear HTTP/1.1\r\nHost: localhost\r\n\r\n", 0],
  ] as const) {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    socket.write(bytes);
    await sleep(waitMs);
    socket.resetAndDestroy();
  }
  await sleep(300);
  expect(logged()).toEqual([]);
});

it.each(["SystemV/EST5", "SystemV/PST8PDT"])(
  "a zone that the runtime knows and the warehouse does not is refused by name: %s",
  async (zone) => {
    for (const path of [
      `/v1/reports/counts?interval=day&timeZone=${zone}`,
      `/v1/reports/cost?timeZone=${zone}`,
      `/v1/reports/attribution?by=day&timeZone=${zone}`,
      `/v1/spend?timeZone=${zone}`,
    ]) {
      const answer = await server.inject({ url: path });
      expect([path, answer.statusCode, answer.json()]).toMatchObject([
        path,
        400,
        { error: { code: "time_zone_unknown", field: "timeZone", given: zone } },
      ]);
    }
    expect(logged()).toEqual([]);
  },
);
