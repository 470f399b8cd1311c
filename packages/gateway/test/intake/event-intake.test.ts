import { afterEach, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
let gateway: TestGateway;
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await gateway?.close();
  await redis?.close();
});

const send = async (): Promise<number> => {
  const events = Array.from({ length: 100 }, (_, i) => ({
    id: `e${i}`,
    type: "click",
    time: Date.now(),
    userId: "u",
  }));
  const { statusCode } = await gateway.server.inject({
    method: "POST",
    url: "/v1/events",
    headers: { "content-type": "application/json" },
    payload: JSON.stringify(events),
  });
  return statusCode;
};

it("charges the quota for what Redis has, and not for what it did not take", async () => {
  gateway = await startGateway(redis.url, {
    TRIBUTARY_QUOTA_EVENTS_PER_SECOND: "1",
    TRIBUTARY_REDIS_WAIT_MS: "300",
  });
  await redis.kill();
  expect(await send()).toBe(503);
  await redis.start();
  await expect
    .poll(async () => (await gateway.server.inject("/readyz")).statusCode, { timeout: 10_000 })
    .toBe(200);
  expect([await send(), await send()]).toEqual([202, 429]);
});

it("charges the quota at once, so that requests which come meanwhile are refused", async () => {
  gateway = await startGateway(redis.url, { TRIBUTARY_QUOTA_EVENTS_PER_SECOND: "1" });
  expect((await Promise.all([send(), send(), send()])).toSorted((a, b) => a - b)).toEqual([
    202, 429, 429,
  ]);
});
