import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FastifyInstance } from "fastify";
import {
  storeRequestedErasure,
  storeCompletedErasures,
  storeErasedCounts,
  type WarehouseEngine,
} from "@tributary/warehouse";
import type { Person } from "../../src/load/ask-erasure.ts";
import { buildServer } from "../../src/http/server.ts";
import { receiptOf } from "../support/blocks.ts";
import { noErasures, quietTelemetry, serverParts, temporaryWarehouse } from "../support/parts.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
let logged: () => string[];
let locked: FastifyInstance;
let open: FastifyInstance;
let asked: Person[] = [];

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  const quiet = quietTelemetry();
  ({ logged } = quiet);
  const ask = async (person: Person) => {
    asked.push(person);
    return { receipt: receiptOf(1), askedAt: 5, deadLetters: 3 };
  };
  const server = (keys: ReadonlyMap<string, string>) =>
    buildServer(
      serverParts(engine, quiet.telemetry, {
        readKeys: new Map([["reader", "acme"]]),
        erasures: { ...noErasures, keys, ask },
      }),
    );
  locked = server(
    new Map([
      ["eraser", "acme"],
      ["other", "shop"],
    ]),
  );
  open = server(new Map());
  const erasure = { tenant: "acme", receipt: receiptOf(9) };
  await storeRequestedErasure(engine, erasure, 1000);
  await storeErasedCounts(engine, [
    {
      ...erasure,
      partition: 1,
      position: "5-0",
      ordinal: 0,
      events: 7,
      conversions: 2,
      touchpoints: 4,
      newestAt: 5,
    },
    {
      ...erasure,
      partition: 2,
      position: "5-0",
      ordinal: 0,
      events: 1,
      conversions: 0,
      touchpoints: 0,
      newestAt: 5,
    },
  ]);
  await storeCompletedErasures(engine, [erasure], 2000);
});
afterAll(async () => {
  await locked.close();
  await open.close();
  await remove();
});
beforeEach(() => {
  asked = [];
});

const post = async (server: FastifyInstance, payload: object | string, key?: string) =>
  server.inject({
    method: "POST",
    url: "/v1/erasures",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    payload,
  });

test("a person is erased of the key's tenant, and the answer says what became of it", async () => {
  const answer = await post(locked, { userId: "ada" }, "eraser");
  expect(answer.statusCode).toBe(202);
  expect(answer.headers["location"]).toBe(`/v1/erasures/${receiptOf(1)}`);
  expect(answer.json()).toEqual({
    receipt: receiptOf(1),
    state: "asked",
    askedAt: 5,
    deadLetters: 3,
  });
  await post(locked, { tenant: "acme", anonymousId: "device" }, "eraser");
  expect(asked).toEqual([
    { tenant: "acme", id: "ada", anonymous: false },
    { tenant: "acme", id: "device", anonymous: true },
  ]);
});

test("receipts are their tenant's, and say nothing of whom they are of", async () => {
  const headers = { "x-erase-key": "eraser" };
  const url = `/v1/erasures/${receiptOf(9)}`;
  const receipt = {
    receipt: receiptOf(9),
    state: "erased",
    askedAt: 1000,
    erasedAt: 2000,
    erased: { events: 8, conversions: 2, touchpoints: 4 },
  };
  expect((await locked.inject({ url, headers })).json()).toEqual(receipt);
  expect((await locked.inject({ url: "/v1/erasures", headers })).json()).toEqual({
    erasures: [receipt],
  });
  const others = { "x-erase-key": "other" };
  expect((await locked.inject({ url, headers: others })).statusCode).toBe(404);
  expect((await locked.inject({ url: "/v1/erasures", headers: others })).json()).toEqual({
    erasures: [],
  });
});

test("another tenant's person, a key for reading, and none at all are refused", async () => {
  const other = await post(locked, { tenant: "acme", userId: "ada" }, "other");
  expect(other.statusCode).toBe(403);
  expect(other.json()).toMatchObject({ error: { code: "tenant_other", field: "tenant" } });
  for (const key of ["reader", "unknown", undefined]) {
    const answer = await post(locked, { userId: "ada" }, key);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({
      error: { code: "unauthorized", reason: expect.stringContaining("TRIBUTARY_ERASE_KEYS") },
    });
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    expect((await locked.inject({ url: "/v1/erasures", headers })).statusCode).toBe(401);
  }
  expect(asked).toEqual([]);
});

test("where no key is needed it is tenant default's people who are erased", async () => {
  expect((await post(open, { userId: "ada" })).statusCode).toBe(202);
  expect((await post(open, { tenant: "acme", userId: "ada" })).statusCode).toBe(403);
  expect(asked).toEqual([{ tenant: "default", id: "ada", anonymous: false }]);
});

describe("bodies that name nobody are refused by the field, and not repeated", () => {
  const secret = "ada@example.com";
  test.for([
    [{}, "userId"],
    [{ userId: secret, anonymousId: "a" }, "anonymousId"],
    [{ userId: secret, user: 1 }, "user"],
    [{ userId: "" }, "userId"],
    [{ userId: secret.repeat(10) }, "userId"],
    [{ userId: 7 }, "userId"],
    [{ userId: null }, "userId"],
    [{ anonymousId: [secret] }, "anonymousId"],
    [{ anonymousId: "\ud800" }, "anonymousId"],
    [[secret], undefined],
    [`{"userId":"${secret}`, undefined],
    [`{"userId":"${secret.repeat(1000)}"}`, undefined],
    ["", undefined],
  ] as const)("%j", async ([body, field]) => {
    const answer = await post(locked, body, "eraser");
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: "erasure_invalid" } });
    expect(answer.json<{ error: { field?: string } }>().error.field).toBe(field);
    expect(answer.body).not.toContain(secret);
    expect(logged().join()).not.toContain(secret);
    expect(asked).toEqual([]);
  });
});
