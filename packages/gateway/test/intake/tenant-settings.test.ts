import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventsKey, packEvents } from "@tributary/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { tenantsFile } from "../../../../test/support/tenants-file.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const BROWSER =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const dir = mkdtempSync(join(tmpdir(), "tributary-gateway-"));
let redis: RedisServer;
let gateway: TestGateway;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  const postbacks = {
    network: { anonymousId: "{click_id}", orderId: "{order}", value: "{amount}", currency: "EUR" },
  };
  gateway = await startGateway(redis.url, {
    TRIBUTARY_WRITE_KEYS: "k1=acme,k2=globex,k3=plain,k4=slow",
    TRIBUTARY_QUOTA_EVENTS_PER_SECOND: "1000",
    TRIBUTARY_TENANTS_FILE: tenantsFile(dir, {
      acme: { postbacks, bots: "drop", links: ["shop.example"] },
      globex: { bots: "mark", links: ["shop.example"], eventsPerSecond: 0 },
      slow: { eventsPerSecond: 1 },
    }),
  });
});
afterEach(async () => {
  await gateway.client.flushall();
  await gateway.close();
});

/** How many entries the platform has; wait for them with the answers. */
const entries = async (): Promise<number> => {
  const lengths = await Promise.all(
    [0, 1, 2, 3].map(async (partition) => gateway.client.xlen(eventsKey(partition))),
  );
  return lengths.reduce((sum, length) => sum + length, 0);
};
const bots = async (): Promise<string[]> => {
  const { payload } = await gateway.server.inject({ url: "/metrics" });
  return [...payload.matchAll(/^tributary_bot_events_total(\{.*\} \d+)$/gm)].map(
    ([, line = ""]) => line,
  );
};
const postback = async (query: string, more: object = {}) =>
  gateway.server.inject({ url: `/v1/postback/${query}`, ...more });

describe("a postback", () => {
  it("becomes a conversion, by GET and by POST, with parameters in the query, a form or JSON", async () => {
    for (const more of [
      {},
      {
        method: "POST",
        payload: "order=o2",
        headers: { "content-type": "application/x-www-form-urlencoded" },
      },
      { method: "POST", payload: '{"order":3}', headers: { "content-type": "application/json" } },
    ]) {
      const answer = await postback("network?key=k1&click_id=c&order=o1&amount=5", more);
      expect([answer.statusCode, answer.payload]).toEqual([200, "OK"]);
    }
    expect(await entries()).toBe(3);
  });

  it("is refused where the template is another tenant's or none, where the key is wrong, and where the event is", async () => {
    expect((await postback("network?key=k2&click_id=c")).json()).toMatchObject({
      error: { code: "not_found" },
    });
    expect((await postback("toString?key=k1")).statusCode).toBe(404);
    expect((await postback("network?key=nobody")).statusCode).toBe(401);
    const bad = await postback("network?key=k1&click_id=c&amount=five");
    expect(bad.statusCode).toBe(400);
    expect(bad.json()).toMatchObject({
      error: { code: "postback_refused", reason: expect.stringMatching(/^value: /) },
    });
    const nobody = await postback("network?key=k1&order=o1");
    expect(nobody.json()).toMatchObject({ error: { code: "postback_refused" } });
    expect(await entries()).toBe(0);
  });
});

describe("bots", () => {
  const click = async (key: string, agent: string) =>
    gateway.server.inject({
      url: `/c/${key}?url=https://shop.example/`,
      headers: { "user-agent": agent },
    });
  const page = (userAgent?: string) => ({
    type: "page",
    userId: "ada",
    messageId: "m1",
    context: userAgent === undefined ? {} : { userAgent },
  });
  const segment = async (key: string, event: unknown, headers: Record<string, string> = {}) =>
    gateway.server.inject({
      method: "POST",
      url: "/v1/batch",
      headers: { "x-write-key": key, ...headers },
      payload: JSON.stringify({ batch: [event] }),
    });

  it("are led to a link's target, whatever becomes of the click", async () => {
    for (const key of ["k1", "k2"]) {
      expect((await click(key, BOT)).statusCode).toBe(302);
      expect((await click(key, BROWSER)).statusCode).toBe(302);
    }
    await gateway.publisher.close();
    expect(await entries()).toBe(3);
    expect(await bots()).toEqual(['{action="keep"} 0', '{action="mark"} 1', '{action="drop"} 1']);
  });

  it("are dropped, marked or kept as the tenant has it, by who the event tells of", async () => {
    const dropped = await segment("k1", page(BOT));
    expect(dropped.json()).toMatchObject({ accepted: 0, refused: [{ field: "userAgent" }] });
    expect((await segment("k2", page(BOT))).json()).toMatchObject({ accepted: 1 });
    expect((await segment("k3", page(BOT))).json()).toMatchObject({ accepted: 1 });
    // What hands events on is no bot for it; a browser's request tells who is at it.
    const program = { "user-agent": "curl/8.5.0" };
    expect((await segment("k1", page(), program)).json()).toMatchObject({ accepted: 1 });
    expect(await bots()).toEqual(['{action="keep"} 1', '{action="mark"} 1', '{action="drop"} 1']);
    const crawler = { "user-agent": BOT, origin: "https://shop.example" };
    expect((await segment("k1", page(), crawler)).json()).toMatchObject({ accepted: 0 });
  });

  it("are dropped, marked or kept as the tenant has it where a page sends events of our own", async () => {
    const visit = (id: string) => ({ id, type: "visit", time: Date.now(), userId: "ada" });
    const sent = [visit("v1"), { ...visit("v2"), type: "unheard-of" }, 7];
    const send = async (key: string, body: unknown, headers: Record<string, string>) => {
      const answer = await gateway.server.inject({
        method: "POST",
        url: "/v1/events",
        headers: { "x-write-key": key, ...headers },
        payload: Buffer.isBuffer(body) ? body : JSON.stringify(body),
      });
      return answer.json<{ accepted: number; refused: { index: number; field: string }[] }>();
    };
    const json = { "content-type": "application/json" };
    const crawler = { ...json, "user-agent": BOT, origin: "https://shop.example" };
    const fields = async (key: string, headers: Record<string, string>): Promise<string[]> => {
      const { accepted, refused } = await send(key, { events: sent }, headers);
      expect(accepted + refused.length).toBe(3);
      return refused.map(({ index, field }) => `${index} ${field}`);
    };
    const alone = ["1 type", "2 event"];
    expect(await fields("k1", crawler)).toEqual(["0 userAgent", "1 userAgent", "2 event"]);
    expect(await fields("k2", crawler)).toEqual(alone);
    expect(await fields("k3", crawler)).toEqual(alone);
    expect(await bots()).toEqual(['{action="keep"} 2', '{action="mark"} 2', '{action="drop"} 2']);
    // A browser, and a program that names none of its pages.
    expect(await fields("k1", { ...crawler, "user-agent": BROWSER })).toEqual(alone);
    expect(await fields("k1", { ...json, "user-agent": "curl/8.5.0" })).toEqual(alone);
    expect(await bots()).toEqual(['{action="keep"} 2', '{action="mark"} 2', '{action="drop"} 2']);
    const msgpack = { ...crawler, "content-type": "application/msgpack" };
    expect(await send("k1", packEvents([visit("v3")]), msgpack)).toMatchObject({ accepted: 0 });
    expect(await send("k2", Buffer.from([0x92, 0x81]), msgpack)).toMatchObject({
      error: { code: "body_malformed" },
    });
  });
});

it("a tenant has its own quota, or none, or everybody's", async () => {
  const send = async (key: string, count: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const event = { id: `e${i}`, type: "click", time: Date.now(), userId: "u" };
      const { statusCode } = await gateway.server.inject({
        method: "POST",
        url: "/v1/events",
        headers: { "x-write-key": key, "content-type": "application/json" },
        payload: JSON.stringify(
          Array.from({ length: 600 }, (_, n) => ({ ...event, id: `${i}-${n}` })),
        ),
      });
      statuses.push(statusCode);
    }
    return statuses;
  };
  expect(await send("k4", 2)).toEqual([202, 429]);
  expect(await send("k2", 8)).toEqual(Array.from({ length: 8 }, () => 202));
  expect((await send("k3", 8)).filter((status) => status === 429).length).toBeGreaterThan(0);
});
