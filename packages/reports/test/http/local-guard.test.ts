import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildServer } from "../../src/http/server.ts";
import { noErasures, quietTelemetry, serverParts, temporaryWarehouse } from "../support/parts.ts";

let open: FastifyInstance;
let keyed: FastifyInstance;
let remove: () => Promise<void>;
beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  ({ remove } = warehouse);
  const knownHosts = new Set(["reports.test"]);
  const { telemetry } = quietTelemetry();
  open = buildServer(serverParts(warehouse.engine, telemetry, { knownHosts }));
  keyed = buildServer(
    serverParts(warehouse.engine, quietTelemetry().telemetry, {
      readKeys: new Map([["k", "a"]]),
      erasures: { ...noErasures, keys: new Map([["e", "a"]]) },
      importKeys: { ...noErasures, keys: new Map([["i", "a"]]) },
    }),
  );
});
afterAll(async () => {
  await open?.close();
  await keyed?.close();
  await remove?.();
});

const SPEND = { rows: [{ day: "2026-01-01", channel: "email", amount: "7", currency: "EUR" }] };
const asks = async (
  server: FastifyInstance,
  url: string,
  headers: Record<string, string>,
  payload?: string,
) => {
  const method = payload === undefined ? "GET" : "POST";
  const answer = await server.inject({
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
  const { error } = answer.headers["content-type"]?.toString().includes("json")
    ? answer.json<{ error?: { code?: string } }>()
    : {};
  return { status: answer.statusCode, code: error?.code };
};
const imports = async (server: FastifyInstance, headers: Record<string, string>) =>
  asks(
    server,
    "/v1/spend",
    { "content-type": "application/json", ...headers },
    JSON.stringify(SPEND),
  );
const URLS = ["/v1/export/events", "/v1/erasures", "/metrics", "/docs/", "/openapi.json", "/none"];

describe("reports without keys", () => {
  it.each(["localhost:8081", "127.0.0.1", "[::1]:8081", "reports.test:80"])(
    "answer the host %s",
    async (host) => expect((await imports(open, { host })).status).toBe(200),
  );

  it.each(["evil.example", "localhost.evil.example:8081", "evil@127.0.0.1"])(
    "refuse the host %s on every path",
    async (host) => {
      for (const url of URLS) {
        expect(await asks(open, url, { host })).toEqual({ status: 403, code: "host_refused" });
      }
      expect(await imports(open, { host })).toEqual({ status: 403, code: "host_refused" });
      const erases = await asks(
        open,
        "/v1/erasures",
        { host, "content-type": "application/json" },
        '{"userId":"ada"}',
      );
      expect(erases).toEqual({ status: 403, code: "host_refused" });
      expect((await asks(keyed, "/v1/spend", { host, "x-read-key": "k" })).status).toBe(200);
    },
  );

  it("answer their own page, and no page of another origin", async () => {
    const host = "127.0.0.1:8081";
    expect((await imports(open, { host, origin: "http://127.0.0.1:8081" })).status).toBe(200);
    const foreign = [
      "https://evil.example",
      "null",
      "http://127.0.0.1:3000",
      "http://localhost:8081",
    ];
    for (const origin of foreign) {
      expect(await imports(open, { host, origin })).toEqual({
        status: 403,
        code: "origin_refused",
      });
      for (const url of URLS) {
        expect((await asks(open, url, { host, origin })).code).toBe("origin_refused");
      }
    }
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": "no-cors" };
      expect((await asks(open, "/v1/export/events", headers)).code).toBe("origin_refused");
    }
    expect((await asks(open, "/v1/spend", { "sec-fetch-site": "same-origin" })).status).toBe(200);
    const followed = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect((await asks(open, "/docs/", followed)).status).toBe(200);
  });

  it.each([
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
  ])("take no body of the type %j, which any page may send without asking", async (type) => {
    const csv = "day,channel,amount,currency\n2026-01-01,email,7,EUR\n";
    const bodies = [csv, JSON.stringify(SPEND), '{"userId":"ada"}'];
    for (const url of ["/v1/spend", "/v1/rates", "/v1/erasures", "/v1/reports/attribution"]) {
      for (const body of bodies) {
        expect((await asks(open, url, { "content-type": type }, body)).status).toBe(415);
      }
    }
    expect((await asks(open, "/v1/spend", { "content-type": "text/csv" }, csv)).status).toBe(200);
  });
});
