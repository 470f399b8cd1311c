import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { WarehouseEngine } from "@tributary/warehouse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Places } from "../../src/http/places.ts";
import { buildServer } from "../../src/http/server.ts";
import { noErasures, quietTelemetry, serverParts, temporaryWarehouse } from "../support/parts.ts";

const here = new AbortController().signal;

describe("places", () => {
  it("are shared by the tenants, whose turns go round", async () => {
    const places = new Places({ running: 2, waiting: 40, waitMs: 1000 });
    const order: string[] = [];
    const ask = async (tenant: string): Promise<void> => {
      const leave = await places.enter(tenant, here);
      order.push(tenant);
      await sleep(10);
      leave();
      leave();
    };
    const many = Array.from({ length: 8 }, async () => ask("a"));
    const few = Array.from({ length: 2 }, async () => ask("b"));
    const one = ask("c");
    await Promise.all([...many, ...few, one]);
    expect(order).toHaveLength(11);
    // One place is another's whatever a asks: b and c are through while most of a waits.
    expect(
      order
        .slice(0, 6)
        .filter((tenant) => tenant !== "a")
        .toSorted(),
    ).toEqual(["b", "b", "c"]);
  });

  it("are bounded, in line and in time, and who is gone does not wait", async () => {
    const places = new Places({ running: 1, waiting: 4, waitMs: 50 });
    const leave = await places.enter("a", here);
    const gone = new AbortController();
    const waits = places.enter("a", gone.signal);
    await expect(places.enter("a", here)).rejects.toThrow("as many questions wait");
    gone.abort();
    await expect(waits).rejects.toMatchObject({ code: "busy", status: 429 });
    await expect(places.enter("a", here)).rejects.toThrow("within 50 ms");
    const next = places.enter("b", here);
    leave();
    (await next)();
    (await places.enter("a", here))();
  });
});

describe("reports", () => {
  let warehouse: Awaited<ReturnType<typeof temporaryWarehouse>>;
  let release = Promise.withResolvers<void>();
  let pings = Promise.withResolvers<void>();
  let slow: WarehouseEngine;
  beforeAll(async () => {
    warehouse = await temporaryWarehouse();
    const { engine } = warehouse;
    // The real engine, whose statements of tenant a take until they are released.
    slow = {
      get statements() {
        return engine.statements;
      },
      query: async (sql, params) => {
        if (params?.["tenant"] === "a") await release.promise;
        return engine.query(sql, params);
      },
      queryArrow: async (sql, params) => engine.queryArrow(sql, params),
      queryParquet: async (sql, params) => engine.queryParquet(sql, params),
      exportParquet: async (sql, params) => engine.exportParquet(sql, params),
      dataVersion: async () => engine.dataVersion(),
      command: async (sql) => engine.command(sql),
      ping: async () => pings.promise,
      close: async () => undefined,
      insertRowBinary: async (table, columns, bytes) =>
        engine.insertRowBinary(table, columns, bytes),
    };
  });
  afterAll(async () => warehouse.remove());

  it("of one tenant do not keep another's waiting, and too many are busy", async () => {
    const server = buildServer(
      serverParts(slow, quietTelemetry().telemetry, {
        readKeys: new Map([
          ["ka", "a"],
          ["kb", "b"],
        ]),
        erasures: { ...noErasures, keys: new Map([["e", "a"]]) },
        questions: { running: 2, waiting: 8, waitMs: 20_000 },
      }),
    );
    const ask = async (key: string) =>
      server.inject({
        url: "/v1/reports/changes?since=2026-01-01",
        headers: { authorization: `Bearer ${key}` },
      });
    const mine = Array.from({ length: 10 }, async () => ask("ka"));
    await sleep(100);
    for (let i = 0; i < 3; i += 1) expect((await ask("kb")).statusCode).toBe(200);
    release.resolve();
    const answers = await Promise.all(mine);
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    const refused = answers.find(({ statusCode }) => statusCode === 429);
    expect(refused?.json()).toMatchObject({ error: { code: "busy" } });
    expect(refused?.headers["retry-after"]).toBe("1");
    expect((await ask("ka")).statusCode).toBe(200);
    await server.close();
  });

  it("that nobody waits for any more begin no further statement", async () => {
    release = Promise.withResolvers();
    let asked = 0;
    const counted: WarehouseEngine = {
      ...slow,
      query: async (sql, params) => {
        asked += 1;
        return slow.query(sql, params);
      },
    };
    const parts = serverParts(counted, quietTelemetry().telemetry, {
      readKeys: new Map([["ka", "a"]]),
      erasures: { ...noErasures, keys: new Map([["e", "a"]]) },
      importKeys: { ...noErasures, keys: new Map([["i", "a"]]) },
      questions: { running: 1, waiting: 8, waitMs: 20_000 },
    });
    const server = buildServer(parts);
    const address = await server.listen({ host: "127.0.0.1", port: 0 });
    const url = `${address}/v1/reports/changes?since=2026-01-01`;
    const headers = { authorization: "Bearer ka" };
    const socket = connect({ port: Number(new URL(address).port), host: "127.0.0.1" });
    socket.write(
      "GET /v1/reports/changes?since=2026-01-01 HTTP/1.1\r\nHost: a\r\nX-Read-Key: ka\r\n\r\n",
    );
    await expect.poll(() => asked).toBe(1);
    // A connection that is only half closed still awaits its answer.
    socket.resetAndDestroy();
    await sleep(500);
    release.resolve();
    await sleep(100);
    expect(asked).toBe(1);
    // Its place is free.
    expect((await fetch(url, { headers })).status).toBe(200);
    await server.close();
  });

  it("are ready while the engine is at work, and not when it has not answered for too long", async () => {
    release = Promise.withResolvers();
    const parts = serverParts(slow, quietTelemetry().telemetry, { engineStallMs: 3000 });
    const server = buildServer(parts);
    const first = await server.inject("/readyz");
    expect(first.statusCode).toBe(200);
    await sleep(1200);
    const second = await server.inject("/readyz");
    expect([second.statusCode, second.json()]).toMatchObject([
      503,
      { reason: expect.stringMatching(/the warehouse has not answered for \d s/) },
    ]);
    pings.resolve();
    pings = Promise.withResolvers();
    pings.resolve();
    await sleep(10);
    expect((await server.inject("/readyz")).statusCode).toBe(200);
    await server.close();
  });
});
