import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FastifyInstance } from "fastify";
import type { WarehouseEngine } from "@tributary/warehouse";
import { importRecordSchema } from "../../../src/answers/imports.ts";
import { buildServer } from "../../../src/http/server.ts";
import {
  noErasures,
  quietTelemetry,
  serverParts,
  temporaryWarehouse,
} from "../../support/parts.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
let server: FastifyInstance;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  const keys = new Map([
    ["acme-key", "acme"],
    ["shop-key", "shop"],
  ]);
  server = buildServer(
    serverParts(engine, quietTelemetry().telemetry, {
      readKeys: keys,
      importKeys: { keys, storedKeys: noErasures.storedKeys },
    }),
  );
});
afterAll(async () => {
  await server.close();
  await remove();
});

async function call(
  method: "GET" | "POST",
  url: string,
  payload?: object | Buffer,
  key = "acme-key",
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await server.inject({
    method,
    url,
    headers: {
      authorization: `Bearer ${key}`,
      ...(Buffer.isBuffer(payload) ? { "content-type": "application/octet-stream" } : {}),
    },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const MAPPING = { version: 1, kind: "events", columns: {} };
async function begin(kind: string, header = "aaaaaaaaaaaaaaaa", key?: string): Promise<string> {
  const begun = { kind, file: "orders.csv", header, mapping: MAPPING };
  const { status, body } = await call("POST", "/v1/imports/begin", begun, key);
  expect([status, body["tenant"]]).toEqual([200, key === undefined ? "acme" : "shop"]);
  return String(body["import"]);
}

const rows = (...numbers: number[]): Buffer =>
  Buffer.concat(numbers.map((number) => Buffer.alloc(24, number)));
const NO_COUNTS = { rows: 3, newRows: 2, presentRows: 1, differingRows: 0, refusedRows: 0 };

describe("events", () => {
  test("rows that were accepted are known from then on, to their tenant", async () => {
    const id = await begin("events");
    expect((await call("POST", "/v1/imports/known", rows(1, 2))).body).toEqual({
      present: [],
      differing: [],
    });
    expect((await call("POST", `/v1/imports/${id}/events`, rows(1, 2))).body).toEqual({
      stored: 2,
    });
    const { body: ended } = await call("POST", `/v1/imports/${id}/end`, NO_COUNTS);
    expect(importRecordSchema.parse(ended)).toMatchObject({
      import: id,
      state: "done",
      ...NO_COUNTS,
    });
    const other = Buffer.concat([Buffer.alloc(16, 2), Buffer.alloc(8, 9)]);
    const asked = Buffer.concat([rows(3, 1), other]);
    expect((await call("POST", "/v1/imports/known", asked)).body).toEqual({
      present: [1],
      differing: [2],
    });
    expect((await call("POST", "/v1/imports/known", asked, "shop-key")).body).toEqual({
      present: [],
      differing: [],
    });
  });

  test("stay where they are: their undo is refused and says why", async () => {
    const id = await begin("events");
    const { status, body } = await call("POST", `/v1/imports/${id}/undo`);
    expect(status).toBe(409);
    expect(body["error"]).toMatchObject({ code: "import_final" });
  });
});

describe("spend and rates", () => {
  const day = "2026-10-01";
  const spend = (campaign: string, amount: string) => ({ day, campaign, amount, currency: "EUR" });
  const store = async (header: string, given: readonly object[]): Promise<string> => {
    const id = await begin("spend", header);
    const { status } = await call("POST", `/v1/imports/${id}/days`, { rows: given });
    expect(status).toBe(200);
    return id;
  };
  const amounts = async (): Promise<unknown> =>
    ((await call("GET", "/v1/spend")).body["rows"] as Record<string, string>[]).map(
      ({ campaign, amount }) => [campaign, amount],
    );

  test("are counted by what was there, and undone exactly", async () => {
    const first = await store("043a718774c572bd", [spend("a", "1"), spend("b", "2")]);
    const counts = { ...NO_COUNTS, refusedRows: 1 };
    expect((await call("POST", `/v1/imports/${first}/end`, counts)).body).toMatchObject({
      rows: 3,
      newRows: 2,
      presentRows: 0,
      differingRows: 0,
      refusedRows: 1,
    });
    const second = await store("043a718774c572bd", [
      spend("a", "1.00"),
      spend("b", "3"),
      spend("c", "4"),
    ]);
    expect((await call("POST", `/v1/imports/${second}/end`, NO_COUNTS)).body).toMatchObject({
      newRows: 1,
      presentRows: 1,
      differingRows: 1,
    });
    expect(await amounts()).toEqual([
      ["a", "1"],
      ["b", "3"],
      ["c", "4"],
    ]);
    expect((await call("POST", `/v1/imports/${second}/undo`)).body).toMatchObject({
      state: "undone",
    });
    expect((await call("POST", `/v1/imports/${second}/undo`)).status).toBe(200);
    expect(await amounts()).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    await call("POST", `/v1/imports/${first}/undo`);
    expect(await amounts()).toEqual([]);
  });

  test("a bad row stores none, and an ended import takes no more", async () => {
    const id = await begin("spend");
    const bad = { rows: [spend("a", "1"), spend("b", "x")] };
    expect((await call("POST", `/v1/imports/${id}/days`, bad)).status).toBe(400);
    expect(await amounts()).toEqual([]);
    await call("POST", `/v1/imports/${id}/end`, NO_COUNTS);
    const late = await call("POST", `/v1/imports/${id}/days`, { rows: [spend("a", "1")] });
    expect(late.status).toBe(409);
  });
});

describe("an import", () => {
  test("of another tenant does not exist", async () => {
    const id = await begin("spend");
    for (const [method, path] of [
      ["POST", "/undo"],
      ["POST", "/days"],
      ["POST", "/end"],
    ] as const) {
      const payload = path === "/undo" ? undefined : path === "/end" ? NO_COUNTS : { rows: [] };
      const answer = await call(method, `/v1/imports/${id}${path}`, payload, "shop-key");
      expect([path, answer.status]).toEqual([path, 404]);
    }
    const { body } = await call("GET", "/v1/imports", undefined, "shop-key");
    expect(JSON.stringify(body)).not.toContain(id);
  });

  test("remembers its mapping by the header", async () => {
    await begin("events", "bbbbbbbbbbbbbbbb");
    const at = "/v1/imports/mapping?header=bbbbbbbbbbbbbbbb";
    expect((await call("GET", at)).body).toEqual({ mapping: MAPPING });
    expect((await call("GET", at, undefined, "shop-key")).body).toEqual({ mapping: null });
  });

  test.each([
    ["/v1/imports/begin", { kind: "events" }, "file"],
    [
      "/v1/imports/begin",
      { kind: "x", file: "f", header: "aaaaaaaaaaaaaaaa", mapping: {} },
      "kind",
    ],
    ["/v1/imports/known", Buffer.alloc(23), "24 bytes"],
    ["/v1/imports/ID/end", { ...NO_COUNTS, rows: -1 }, "rows"],
  ])("%s says what is wrong with its body", async (path, payload, reason) => {
    const id = await begin("events");
    const { status, body } = await call("POST", path.replace("ID", id), payload);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(reason);
  });

  test("needs an import key", async () => {
    expect((await call("GET", "/v1/imports", undefined, "stranger")).status).toBe(401);
  });
});
