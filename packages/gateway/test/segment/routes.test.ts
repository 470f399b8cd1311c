import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { storedEvents } from "../support/stored-events.ts";

let redis: RedisServer;
let gateway: TestGateway;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis?.close());
beforeEach(async () => {
  gateway = await startGateway(redis.url, {
    TRIBUTARY_WRITE_KEYS: "a:b=shop,k=other",
    TRIBUTARY_REDIS_WAIT_MS: "200",
  });
});
afterEach(async () => gateway.close());

const basic = (key: string): string => `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
const track = (messageId: string, more: Record<string, unknown> = {}) => ({
  type: "track",
  event: "Signed Up",
  messageId,
  userId: "ada",
  timestamp: new Date().toISOString(),
  ...more,
});
const post = async (
  url: string,
  body: unknown,
  headers: Record<string, string> = { authorization: basic("a:b") },
) =>
  gateway.server.inject({
    method: "POST",
    url,
    payload: Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "text/plain", ...headers },
  });

describe("Segment's paths", () => {
  it.each(["/v1/batch", "/v1/b", "/b", "/v1/import"])("%s takes a batch", async (url) => {
    const answer = await post(url, { batch: [track("1"), track("2")] });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ success: true, accepted: 2, refused: [], omitted: [] });
  });

  it.each(["track", "t", "page", "p", "screen", "s", "identify", "i", "group", "g", "alias", "a"])(
    "%s takes an event, with and without /v1",
    async (path) => {
      for (const prefix of ["/v1/", "/"]) {
        const event = { ...track("1"), type: undefined, previousId: "before" };
        const answer = await post(prefix + path, event);
        expect(answer.json()).toMatchObject({ success: true, accepted: 1 });
      }
    },
  );

  it("take one bad event's neighbours, and name it", async () => {
    const answer = await post("/v1/batch", {
      batch: [track("1"), 7, { ...track("2"), type: "x" }],
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      accepted: 1,
      refused: [
        { index: 1, field: "event", reason: "expected an object" },
        { index: 2, field: "type" },
      ],
    });
  });

  it("say where to send to", async () => {
    const url = "/v1/projects/k/settings";
    const answer = await gateway.server.inject({ url, headers: { host: "shop.example" } });
    expect(answer.json()).toEqual({
      integrations: {
        "Segment.io": { apiKey: "k", apiHost: "shop.example/v1", protocol: "http" },
      },
    });
    expect((await gateway.server.inject("/v1/projects/no/settings")).statusCode).toBe(401);
  });

  it("say https, and the outer host, where a trusted proxy says so, and nobody else", async () => {
    const settingsOf = async (of: TestGateway, remoteAddress: string) => {
      const url = "/v1/projects/k/settings";
      const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "events.shop.example" };
      const headers = { host: "inner:8080", ...forwarded };
      const answer = await of.server.inject({ url, headers, remoteAddress });
      return answer.json<{ integrations: Record<string, Record<string, string>> }>().integrations;
    };
    const behind = await startGateway(redis.url, {
      TRIBUTARY_WRITE_KEYS: "k=shop",
      TRIBUTARY_TRUSTED_PROXIES: "10.1.0.0/16, ::1",
    });
    try {
      const outer = { apiHost: "events.shop.example/v1", protocol: "https" };
      const inner = { apiHost: "inner:8080/v1", protocol: "http" };
      for (const [address, said] of [
        ["10.1.2.3", outer],
        ["::1", outer],
        ["10.2.0.1", inner],
      ] as const) {
        expect((await settingsOf(behind, address))["Segment.io"]).toMatchObject(said);
      }
      expect((await settingsOf(gateway, "10.1.2.3"))["Segment.io"]).toMatchObject(inner);
    } finally {
      await behind.close();
    }
  });
});

it("a body's clock moves the times of its events only where no transit explains the difference", async () => {
  await gateway.client.flushall();
  const now = Date.now();
  const at = (ms: number): string => new Date(ms).toISOString();
  const send = async (messageId: string, aheadMs: number, transitMs: number): Promise<void> => {
    const sentAt = now + aheadMs - transitMs;
    const batch = [
      track(messageId, { timestamp: at(sentAt - 5000) }),
      track(`${messageId}-now`, { timestamp: null }),
    ];
    const answer = await post("/v1/batch", { batch, sentAt: at(sentAt) });
    expect(answer.json()).toMatchObject({ accepted: 2 });
  };
  await send("right", 0, 0);
  await send("stalled", 0, 15_000);
  await send("ahead", 7_200_000, 0);
  const expected = [0, 15_000, 0].flatMap((transitMs) => [now - transitMs - 5000, now - transitMs]);
  const ascending = (a: number, b: number): number => a - b;
  expect((await storedEvents(gateway)).map(({ time }) => time).toSorted(ascending)).toEqual(
    expected.toSorted(ascending),
  );
});

it("half of a surrogate pair costs no event, in whatever text it is", async () => {
  await gateway.client.flushall();
  const half = String.raw`x\ud83d`;
  const properties = { url: half, revenue: 1, order_id: half, title: half };
  const context = {
    page: { referrer: half, search: half },
    campaign: { source: half, name: half },
  };
  const batch = [
    { messageId: half, userId: half, event: "Order Completed", type: "track", properties, context },
    { messageId: "2", anonymousId: half, name: half, type: "page", properties, context },
    { messageId: "3", userId: half, previousId: half, type: "alias" },
  ];
  const text = JSON.stringify({ batch }).replaceAll("\\\\ud83d", "\\ud83d");
  expect(text).toContain('"x\\ud83d"');
  const answer = await post("/v1/batch", text);
  expect(answer.json()).toEqual({ success: true, accepted: 3, refused: [], omitted: [] });
  expect((await storedEvents(gateway)).map(({ id }) => id).toSorted()).toEqual([
    "2",
    "3",
    "x\ufffd",
  ]);
});

describe("a body is read by what it is", () => {
  const json = JSON.stringify({ batch: [track("1")] });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  it.each<[string, string | Buffer, Record<string, string>]>([
    ["JSON that is said to be text", json, {}],
    ["gzip that is said to be a form", gzipSync(json), form],
    ["gzip that says so", gzipSync(json), { "content-encoding": "gzip" }],
    ["JSON that is said to be gzip", json, { "content-encoding": "gzip" }],
    ["a form", `data=${encodeURIComponent(json)}`, form],
    ["a form of base64", new URLSearchParams({ data: btoa(json) }).toString(), form],
    ["a byte order mark before it", `\uFEFF${json}`, {}],
  ])("%s", async (_, body, headers) => {
    const answer = await post("/v1/batch", body, { authorization: basic("a:b"), ...headers });
    expect(answer.json()).toMatchObject({ success: true, accepted: 1 });
  });

  it.each([
    ["{", 400],
    ["", 400],
    ['{"batch":[]}', 400],
    ["7", 400],
  ])("%j is no batch", async (body, status) =>
    expect((await post("/v1/b", body)).statusCode).toBe(status),
  );
});

describe("a key", () => {
  it.each<[string, Record<string, string>, string | undefined, number]>([
    ["with a colon as Basic user", { authorization: basic("a:b") }, undefined, 200],
    ["as Bearer", { authorization: "Bearer k" }, undefined, 200],
    ["as X-Write-Key", { "x-write-key": "k" }, undefined, 200],
    ["in the body", {}, "k", 200],
    ["in the body beside an empty header", { authorization: basic("") }, "k", 200],
    ["unknown in the header wins over the body's", { authorization: basic("no") }, "k", 401],
    ["is needed", {}, undefined, 401],
  ])("%s", async (_, headers, writeKey, status) => {
    const answer = await post("/v1/batch", { writeKey, batch: [track("1")] }, headers);
    expect(answer.statusCode).toBe(status);
  });
});

it("with Redis away its clients are told to wait, with 429 and whole seconds", async () => {
  await redis.kill();
  try {
    const answer = await post("/v1/batch", { batch: [track("1")] });
    expect(answer.statusCode).toBe(429);
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(answer.json()).toMatchObject({ error: { code: "redis_away" } });
  } finally {
    await redis.start();
  }
});
