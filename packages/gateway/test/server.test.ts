import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  createRowDictionaries,
  EntryReader,
  EventRow,
  eventsKey,
  partitionOf,
} from "@tributary/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../test/support/redis-server.ts";
import { readConfig } from "../src/config.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { encode } from "./support/msgpack-bytes.ts";

const NOW = Date.now();
const event = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  type: "click",
  time: NOW,
  userId: `user-${id}`,
  ...more,
});

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis?.close());

let gateway: TestGateway;
const open = async (env: Record<string, string> = {}): Promise<void> => {
  gateway = await startGateway(redis.url, env);
};
beforeEach(async () => {
  await open();
  await gateway.client.flushall();
});
afterEach(async () => gateway.close());

const post = async (body: string | Buffer, headers: Record<string, string> = {}) =>
  gateway.server.inject({
    method: "POST",
    url: "/v1/events",
    payload: body,
    headers: { "content-type": "application/json", ...headers },
  });

/** Every event in the streams: partition, tenant, user, time. */
async function stored() {
  const found: { partition: number; tenant: string; user: string; time: number }[] = [];
  for (let partition = 0; partition < 4; partition += 1) {
    const entries = (await gateway.client.xrangeBuffer(
      eventsKey(partition),
      "-",
      "+",
    )) as unknown as [Buffer, Buffer[]][];
    for (const [, fields] of entries) {
      const dictionaries = createRowDictionaries(1);
      const reader = new EntryReader(fields.at(-1) ?? Buffer.alloc(0), dictionaries);
      expect(Number(fields[1])).toBe(reader.count);
      const row = new EventRow();
      while (reader.next(row)) {
        const user = Buffer.from(
          row.user.subarray(row.userStart, row.userStart + row.userLength),
        ).toString();
        found.push({
          partition,
          tenant: dictionaries.tenants.text(row.tenant),
          user,
          time: row.time,
        });
      }
    }
  }
  return found;
}

describe("POST /v1/events", () => {
  const list = [event("a"), event("b"), event("c")];
  const json = JSON.stringify({ events: list });
  it.each([
    ["one JSON event", JSON.stringify(event("a")), {}, 1],
    ["a JSON list", JSON.stringify(list), {}, 3],
    ["a JSON batch", json, { "content-type": "application/json; charset=utf-8" }, 3],
    ["JSON with a byte order mark", `\ufeff${json}`, {}, 3],
    [
      "NDJSON with a blank line",
      list.map((item) => JSON.stringify(item)).join("\n\n"),
      { "content-type": "application/x-ndjson" },
      3,
    ],
    ["one msgpack event", encode(event("a")), { "content-type": "application/msgpack" }, 1],
    ["a msgpack batch", encode({ events: list }), { "content-type": "application/x-msgpack" }, 3],
    ["gzip", gzipSync(json), { "content-encoding": "gzip" }, 3],
    ["brotli", brotliCompressSync(json), { "content-encoding": "br" }, 3],
    ["zstd", zstdCompressSync(json), { "content-encoding": "zstd" }, 3],
    ["deflate", deflateSync(json), { "content-encoding": "deflate" }, 3],
    [
      "gzip over msgpack",
      gzipSync(encode(list)),
      { "content-encoding": "gzip", "content-type": "application/msgpack" },
      3,
    ],
  ])("takes %s, and answers when Redis has it", async (_name, body, headers, count) => {
    const answer = await post(body, headers);
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: count, refused: [] }]);
    const rows = await stored();
    expect(rows).toHaveLength(count);
    for (const { partition, tenant, user, time } of rows) {
      expect({ partition, tenant, time }).toEqual({
        partition: partitionOf("default", user, 4),
        tenant: "default",
        time: NOW,
      });
    }
  });

  it("corrects times by sentAt where the clock is far off, wherever sentAt stands, and leaves small differences", async () => {
    const hour = 3_600_000;
    const now = Date.now();
    const late = { ...event("a"), time: now - hour - 1000 };
    await post(JSON.stringify({ events: [late], sentAt: now - hour }));
    await post(JSON.stringify({ sentAt: now - hour, events: [late] }));
    await post(JSON.stringify({ events: [{ ...event("b"), time: now }], sentAt: now - 500 }));
    const times = (await stored()).map(({ time }) => time);
    expect(times[0]).toBeGreaterThan(now - 1500);
    expect(times[0]).toBeLessThan(now + 5000);
    expect(times.filter((time) => time === now)).toHaveLength(1);
  });

  it("takes neither a long transit nor a second try for an error of the clock", async () => {
    const now = Date.now();
    const batch = (id: string, transitMs: number, aheadMs = 0): string => {
      const sentAt = now - transitMs + aheadMs;
      return JSON.stringify({ sentAt, events: [{ ...event(id), time: sentAt - 5000 }] });
    };
    await post(batch("stalled", 15_000));
    await post(batch("tried-again", 300_000));
    // Ten minutes ahead, and 15 s on its way: moved by as much as a request without transit.
    await post(batch("ahead", 0, 600_000));
    await post(batch("ahead-stalled", 15_000, 600_000));
    const times = (await stored()).map(({ time }) => time).toSorted((a, b) => a - b);
    expect(times).toEqual([now - 305_000, now - 20_000, now - 20_000, now - 5000]);
  });

  it("puts the requests of one moment into one entry a partition", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => post(JSON.stringify(event(`e${i}`)))),
    );
    expect(answers.every(({ statusCode }) => statusCode === 202)).toBe(true);
    expect(await stored()).toHaveLength(50);
    const entries = await Promise.all(
      [0, 1, 2, 3].map(async (p) => gateway.client.xlen(eventsKey(p))),
    );
    expect(entries.reduce((sum, count) => sum + count, 0)).toBeLessThan(40);
  });

  it("keeps the bodies of requests that come together apart, though they are packed into one buffer", async () => {
    const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
    const answers = await Promise.all(
      users.map(async (userId, i) => {
        const body = JSON.stringify({ ...event(`e${i}`), userId });
        return i % 2 === 0 ? post(body) : post(gzipSync(body), { "content-encoding": "gzip" });
      }),
    );
    expect(answers.every(({ statusCode }) => statusCode === 202)).toBe(true);
    expect((await stored()).map(({ user }) => user).toSorted()).toEqual(users.toSorted());
  });

  it("does not wait for the interval once a partition has its fill", async () => {
    await gateway.close();
    await open({ TRIBUTARY_FLUSH_INTERVAL_MS: "10000", TRIBUTARY_FLUSH_EVENTS: "10" });
    await post(JSON.stringify(event("first")));
    const startedAt = performance.now();
    const list = Array.from({ length: 10 }, (_, i) => ({ ...event(`e${i}`), userId: "one" }));
    await Promise.all([post(JSON.stringify(event("waits"))), post(JSON.stringify(list))]);
    expect(performance.now() - startedAt).toBeLessThan(9000);
  });

  it("says where events go for another method or path", async () => {
    const wrong = await gateway.server.inject({ url: "/v1/events" });
    expect([wrong.statusCode, wrong.headers["allow"]]).toEqual([405, "POST"]);
    const nowhere = await gateway.server.inject({ method: "POST", url: "/events", payload: "{}" });
    expect(nowhere.json()).toMatchObject({
      error: { code: "not_found", reason: expect.stringContaining("POST /v1/events") as string },
    });
  });
});

describe("write keys", () => {
  beforeEach(async () => {
    await gateway.close();
    await open({ TRIBUTARY_WRITE_KEYS: "k1=shop,a:b=other" });
  });
  const basic = (user: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(user).toString("base64")}`,
  });

  it.each([
    ["a bearer", { authorization: "Bearer k1" }, "shop"],
    ["a basic user", basic("k1:"), "shop"],
    ["a basic user whose key has a colon", basic("a:b:"), "other"],
    ["a header", { "x-write-key": "a:b" }, "other"],
  ])("name the tenant as %s", async (_name, headers, tenant) => {
    expect((await post(JSON.stringify(event("a")), headers)).statusCode).toBe(202);
    expect((await stored()).map((row) => row.tenant)).toEqual([tenant]);
  });

  it.each([
    ["none", {}],
    ["a wrong one", { authorization: "Bearer nope" }],
    ["an empty bearer", { authorization: "Bearer " }],
    ["another scheme", { authorization: "Digest k1" }],
  ])("refuse %s with 401, and nothing is taken", async (_name, headers) => {
    const answer = await post(JSON.stringify(event("a")), headers);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: { code: "unauthorized" } });
    expect(answer.body).not.toContain("nope");
    expect(await stored()).toEqual([]);
  });
});

describe("too much", () => {
  it("is 429 with whole seconds over a tenant's quota", async () => {
    await gateway.close();
    await open({ TRIBUTARY_QUOTA_EVENTS_PER_SECOND: "10" });
    const batch = JSON.stringify(Array.from({ length: 30 }, (_, i) => event(`e${i}`)));
    expect((await post(batch)).statusCode).toBe(202);
    const answer = await post(batch);
    expect(answer.statusCode).toBe(429);
    // 2 as a rule; on a machine that was slow to ask again, some of the wait is over.
    expect(answer.headers["retry-after"]).toMatch(/^[12]$/);
    expect(answer.json()).toMatchObject({ error: { code: "rate_limited" } });
  });
});

describe("Redis away", () => {
  const WAIT_MS = 1500;

  it("makes a request wait, then 503; then the breaker answers at once; and all is well when it is back", async () => {
    const own = await startRedis();
    await gateway.close();
    gateway = await startGateway(own.url, { TRIBUTARY_REDIS_WAIT_MS: String(WAIT_MS) });
    expect((await post(JSON.stringify(event("a")))).statusCode).toBe(202);
    await own.kill();
    await sleep(100);

    const startedAt = performance.now();
    const waited = await post(JSON.stringify(event("b")));
    expect([
      waited.statusCode,
      waited.headers["retry-after"],
      waited.json<{ error: { code: string } }>().error.code,
    ]).toEqual([503, "1", "redis_away"]);
    expect(performance.now() - startedAt).toBeGreaterThan(WAIT_MS / 2);

    await sleep(WAIT_MS);
    expect(gateway.publisher.breakerOpen).toBe(true);
    const ready = await gateway.server.inject({ url: "/readyz" });
    expect(ready.statusCode).toBe(503);
    const atOnce = performance.now();
    expect((await post(JSON.stringify(event("c")))).statusCode).toBe(503);
    // It did not wait for Redis first.
    expect(performance.now() - atOnce).toBeLessThan(WAIT_MS);

    await own.start();
    for (let i = 0; i < 200 && gateway.publisher.breakerOpen; i += 1) await sleep(20);
    expect((await post(JSON.stringify(event("d")))).statusCode).toBe(202);
    expect((await gateway.server.inject({ url: "/healthz" })).statusCode).toBe(200);
    await own.close();
  });

  it("only for a moment: the request waits and is taken", async () => {
    const own = await startRedis();
    await gateway.close();
    gateway = await startGateway(own.url, { TRIBUTARY_REDIS_WAIT_MS: "8000" });
    await own.kill();
    await sleep(50);
    const waiting = post(JSON.stringify(event("b")));
    await sleep(300);
    await own.start();
    expect((await waiting).statusCode).toBe(202);
    await own.close();
  });
});

describe("replicas to wait for", () => {
  it("that do not have the events in time are 503, counted, and the next request is answered as well", async () => {
    await gateway.close();
    await open({ TRIBUTARY_WAIT_REPLICAS: "1", TRIBUTARY_WAIT_TIMEOUT_MS: "20" });
    for (const id of ["a", "b"]) {
      const answer = await post(JSON.stringify(event(id)));
      expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "1"]);
      expect(answer.json()).toMatchObject({ error: { code: "not_replicated" }, accepted: 0 });
    }
    const { body } = await gateway.server.inject({ url: "/metrics" });
    expect(body).toMatch(/^tributary_publish_unreplicated_entries_total 2$/m);
    expect(body).toMatch(/^tributary_events_accepted_total 0$/m);
    // The node has each of them once: who sends again makes a duplicate, which the workers remove.
    expect(await stored()).toHaveLength(2);
  });
});

describe("the configuration", () => {
  it.each([
    [{ TRIBUTARY_PORT: "http" }, /^TRIBUTARY_PORT: expected a whole number from 0 to 65535/],
    [
      { TRIBUTARY_PARTITIONS: "0" },
      /^TRIBUTARY_PARTITIONS: expected a whole number from 1 to 1024/,
    ],
    [
      { TRIBUTARY_WAIT_TIMEOUT_MS: "0" },
      /^TRIBUTARY_WAIT_TIMEOUT_MS: expected a whole number from 1 to 60000/,
    ],
    [{ TRIBUTARY_WRITE_KEYS: "secret" }, /^TRIBUTARY_WRITE_KEYS: expected key=tenant/],
    [{ TRIBUTARY_HOST: "0.0.0.0" }, /^TRIBUTARY_WRITE_KEYS: expected .* not a loopback address/],
  ])("names a bad value: %j", (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
    expect(() => readConfig(env)).not.toThrow(/secret/);
  });

  it("is frozen", () => expect(Object.isFrozen(readConfig({}))).toBe(true));
});
