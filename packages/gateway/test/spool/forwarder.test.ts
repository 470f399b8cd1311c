import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventsKey, packEvents } from "@tributary/protocol";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
let dir: string;
let gateway: TestGateway;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "forwarder-"));
  redis = await startRedis();
});
afterEach(async () => {
  await gateway?.close();
  await redis?.close();
  rmSync(dir, { recursive: true, force: true });
});

const start = async (more: Record<string, string> = {}) => {
  gateway = await startGateway(redis.url, {
    TRIBUTARY_SPOOL_DIR: dir,
    TRIBUTARY_SPOOL_EVENTS: "on",
    TRIBUTARY_REDIS_WAIT_MS: "200",
    ...more,
  });
};
const post = async (events: readonly unknown[]) =>
  gateway.server.inject({
    method: "POST",
    url: "/v1/events",
    headers: { "content-type": "application/json" },
    payload: JSON.stringify(events),
  });
const event = (id: string, more: object = {}) => ({
  id,
  type: "visit",
  time: Date.now(),
  userId: "u",
  ...more,
});
const stored = async (): Promise<number> => {
  let count = 0;
  for (let partition = 0; partition < 4; partition += 1) {
    const entries = await gateway.client.xrange(eventsKey(partition), "-", "+");
    count += entries.reduce((sum, [, fields]) => sum + Number(fields[1]), 0);
  }
  return count;
};
const metric = async (text: string) =>
  (await gateway.server.inject("/metrics")).body.split("\n").find((line) => line.startsWith(text));

it("forwards a body that is larger packed than it came, with what is behind it", async () => {
  await start({ TRIBUTARY_MAX_BODY_BYTES: "4096" });
  await redis.kill();
  expect((await post([event("first")])).statusCode).toBe(202);
  // A decimal of three digits is nine bytes packed.
  const numbers = Array.from({ length: 850 }, (_, i) => ((i % 9) + 1) / 10);
  const large = [event("large", { properties: { numbers } })];
  expect(JSON.stringify(large).length).toBeLessThan(4096);
  expect(packEvents(large).length).toBeGreaterThan(4096 + 512);
  for (const events of [large, [event("last")]]) {
    const answer = await post(events);
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 1, refused: [] }]);
  }
  await redis.start();
  await expect.poll(stored, { timeout: 10_000 }).toBe(3);
  expect(await metric("tributary_spool_damaged_bytes")).toMatch(/ 0$/);
});

it("forwards what was acknowledged under larger limits than those of now", async () => {
  await start();
  await redis.kill();
  const many = Array.from({ length: 30 }, (_, i) => event(`e${i}`));
  const wide = event("wide", { properties: { text: "x".repeat(2000) } });
  const early = event("early", { time: Date.now() + 3_600_000 });
  const answer = await post([...many, wide, early]);
  expect(answer.json()).toEqual({ accepted: 32, refused: [] });
  await gateway.close();
  await redis.start();
  await start({
    TRIBUTARY_MAX_BODY_BYTES: "1024",
    TRIBUTARY_MAX_EVENTS: "10",
    TRIBUTARY_MAX_EVENT_BYTES: "256",
    TRIBUTARY_MAX_FUTURE_MS: "1000",
  });
  await expect.poll(stored, { timeout: 10_000 }).toBe(32);
  expect(await metric("tributary_events_accepted_total")).toMatch(/ 32$/);
  expect(await metric("tributary_spool_refused_events_total")).toMatch(/ 0$/);
});

it("counts the events that were acknowledged and are refused when they are forwarded", async () => {
  await start();
  const events = [event("good"), { ...event("bad"), type: "unknown" }];
  await gateway.spool?.append({
    tenant: "default",
    receivedAtMs: Date.now(),
    events: 2,
    body: packEvents(events),
  });
  await gateway.spool?.append({
    tenant: "default",
    receivedAtMs: Date.now(),
    events: 3,
    body: Buffer.from([0x93, 0xc1]),
  });
  await expect.poll(stored, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => gateway.spool?.bytes).toBe(0);
  expect(await metric("tributary_spool_refused_events_total")).toMatch(/ 4$/);
  expect(await metric('tributary_spool_batches_total{outcome="quarantined"}')).toMatch(/ 1$/);
  expect(await metric('tributary_spool_batches_total{outcome="forwarded"}')).toMatch(/ 1$/);
});
