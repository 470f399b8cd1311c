import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildServer } from "../../src/http/server.ts";
import type { LagReport, ServerParts } from "../../src/http/parts.ts";
import { noErasures, quietTelemetry, serverParts, temporaryWarehouse } from "../support/parts.ts";

const total = {
  entries: 3,
  undelivered: 2,
  pending: 1,
  oldestAgeSeconds: 4,
  entriesPerSecond: 1,
  eventsPerSecond: 1,
  secondsToDrain: 1,
  lost: 0,
  stranded: false,
};
const whole: LagReport = {
  partitions: [],
  total: { attribution: total, warehouse: total },
  outbox: { entries: 7, oldestAgeSeconds: 8 },
  webhooks: null,
  books: { accepted: 900 },
  booksResidue: 5,
  deadLetters: { count: 11, oldestAgeSeconds: 12 },
};
const accounts = {
  accepted: 3,
  duplicate: 1,
  processed: 1,
  erased: 0,
  deadLettered: 1,
  dropped: { late: 2 },
  replayed: 0,
  discarded: 0,
  lateFacts: 0,
  unmatchedRefunds: 0,
};

let keyed: FastifyInstance;
let port: number;
let remove: () => Promise<void>;
let start: (more?: Partial<ServerParts>) => FastifyInstance;
beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  const servers: FastifyInstance[] = [];
  start = (more = {}) => {
    const server = buildServer(
      serverParts(warehouse.engine, quietTelemetry().telemetry, {
        readKeys: new Map([["reader", "acme"]]),
        erasures: { ...noErasures, keys: new Map([["eraser", "acme"]]) },
        importKeys: { keys: new Map([["importer", "acme"]]), storedKeys: noErasures.storedKeys },
        operateKeys: { keys: new Map([["operator", "ops"]]), storedKeys: noErasures.storedKeys },
        readLag: async () => whole,
        readTenantLag: async (tenant) => ({
          tenant,
          total: { attribution: { oldestAgeSeconds: 4 }, warehouse: { oldestAgeSeconds: 4 } },
          books: { accepted: accounts.accepted },
          booksResidue: 0,
        }),
        ...more,
      }),
    );
    servers.push(server);
    return server;
  };
  keyed = start();
  const address = await keyed.listen({ host: "127.0.0.1", port: 0 });
  port = Number(new URL(address).port);
  remove = async () => {
    for (const server of servers) await server.close();
    await warehouse.remove();
  };
});
afterAll(async () => remove?.());

const SPEND = "day,channel,amount,currency\n2026-01-01,email,7,EUR\n";
const RATES = "day,currency,target,rate\n2026-01-01,USD,EUR,0.9\n";
const bearer = (key: string) => ({ authorization: `Bearer ${key}`, "content-type": "text/csv" });
const imports = async (key: string, url = "/v1/spend", payload = SPEND) =>
  (await keyed.inject({ method: "POST", url, headers: bearer(key), payload })).statusCode;

test("who may read imports nothing, and who imports reads nothing", async () => {
  for (const [url, payload] of [
    ["/v1/spend", SPEND],
    ["/v1/rates", RATES],
  ] as const) {
    expect(await imports("importer", url, payload)).toBe(200);
    for (const key of ["reader", "eraser", "operator", "wrong"]) {
      expect([key, await imports(key, url, payload)]).toEqual([key, 401]);
    }
    expect((await keyed.inject({ url, headers: bearer("reader") })).statusCode).toBe(200);
    expect((await keyed.inject({ url, headers: bearer("importer") })).statusCode).toBe(401);
  }
  const own = { "x-import-key": "importer", "content-type": "text/csv" };
  const given = { method: "POST", url: "/v1/spend", headers: own, payload: SPEND } as const;
  expect((await keyed.inject(given)).statusCode).toBe(200);
});

test("a read key sees its own tenant's part of the lag, an operate key the whole platform's", async () => {
  const lagOf = async (key: string) =>
    keyed.inject({ url: "/v1/lag", headers: { authorization: `Bearer ${key}` } });
  const own = await lagOf("reader");
  expect(own.json()).toEqual({
    tenant: "acme",
    total: { attribution: { oldestAgeSeconds: 4 }, warehouse: { oldestAgeSeconds: 4 } },
    books: { accepted: 3 },
    booksResidue: 0,
  });
  expect((await lagOf("operator")).json()).toEqual(whole);
  for (const key of ["eraser", "importer", "wrong"]) {
    expect((await lagOf(key)).statusCode).toBe(401);
  }
  const open = start({ readKeys: new Map() });
  expect((await open.inject("/v1/lag")).json()).toEqual(whole);
});

test("an address that tries many keys is locked out for a while, and one that repeats a wrong key is not", async () => {
  const locking = start({ keyFailures: 5 });
  const ask = async (key: string | undefined, remoteAddress: string) => {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return locking.inject({ url: "/v1/spend", headers, remoteAddress });
  };
  for (let i = 0; i < 20; i += 1) {
    expect((await ask("stale", "10.0.0.1")).statusCode).toBe(401);
    expect((await ask(undefined, "10.0.0.1")).statusCode).toBe(401);
  }
  expect((await ask("reader", "10.0.0.1")).statusCode).toBe(200);
  for (let i = 0; i < 5; i += 1) expect((await ask(`g${i}`, "10.0.0.2")).statusCode).toBe(401);
  for (const key of ["g9", "reader"]) {
    const refused = await ask(key, "10.0.0.2");
    expect([refused.statusCode, refused.json()]).toMatchObject([
      429,
      { error: { code: "locked_out" } },
    ]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  }
  expect((await ask("reader", "10.0.0.3")).statusCode).toBe(200);
});

test("a body is not read before its key is known", async () => {
  for (const path of ["/v1/spend", "/v1/rates", "/v1/erasures", "/v1/reports/attribution"]) {
    const socket = connect({ port, host: "127.0.0.1" });
    // A body that never comes: whoever waits for it does not answer.
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer wrong\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
    );
    const answer = await new Promise<string>((resolve) => {
      socket.once("data", (bytes) => resolve(bytes.toString()));
      setTimeout(() => resolve("no answer"), 2000).unref();
    });
    socket.destroy();
    expect([path, answer.slice(0, 12)]).toEqual([path, "HTTP/1.1 401"]);
  }
});
