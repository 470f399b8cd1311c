/** Segment's Node client, as it comes from npm, against the real platform. */
import { setTimeout as sleep } from "node:timers/promises";
import { Analytics } from "@segment/analytics-node";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { startProxy } from "../support/proxy.ts";
import { startTenants, type Tenants } from "../support/tenants.ts";

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants("plain", "trouble");
});
afterAll(async () => tenants?.close());

const at = (secondsAgo: number): Date => new Date(Date.now() - secondsAgo * 1000);
const LANDING = {
  page: { url: "https://shop.example/" },
  campaign: { source: "google", medium: "cpc", name: "spring" },
};
const order = (order_id: string, revenue: number) => ({ order_id, revenue, currency: "EUR" });

it("page, identify, order, refund", async () => {
  const errors: unknown[] = [];
  const analytics = new Analytics({ writeKey: "plain", host: tenants.platform.gatewayUrl });
  analytics.on("error", (error) => errors.push(error));
  const userId = "ada";
  const anonymousId = "browser-1";
  analytics.page({ anonymousId, timestamp: at(40), context: LANDING });
  analytics.identify({ userId, anonymousId, timestamp: at(30) });
  analytics.track({
    userId,
    event: "Order Completed",
    timestamp: at(20),
    properties: order("o-1", 100),
  });
  analytics.track({
    userId,
    event: "Order Refunded",
    timestamp: at(10),
    properties: order("o-1", 40),
  });
  await analytics.closeAndFlush({ timeout: 10_000 });
  expect(errors).toEqual([]);
  const { rows, totals } = await tenants.report("plain");
  expect(rows).toMatchObject([{ channel: "paid_search", conversions: 1, value: "60" }]);
  expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
});

it("loses and doubles nothing through 429, 503, a lost answer and a restart of Redis", async () => {
  const proxy = await startProxy(tenants.platform.gatewayUrl);
  onTestFinished(() => proxy.close());
  const errors: unknown[] = [];
  const analytics = new Analytics({
    writeKey: "trouble",
    host: proxy.url,
    flushAt: 10,
    flushInterval: 50,
  });
  analytics.on("error", (error) => errors.push(error));
  const buy = (from: number, to: number): void => {
    for (let user = from; user < to; user += 1) {
      const userId = `u-${user}`;
      analytics.page({ userId, timestamp: at(40), context: LANDING });
      analytics.track({
        userId,
        event: "Order Completed",
        timestamp: at(20),
        properties: order(`o-${user}`, 10),
      });
    }
  };
  proxy.answer({ status: 429, retryAfter: 1 }, { status: 503 }, { status: 502, taken: true });
  buy(0, 20);
  while (proxy.left() > 0) await sleep(10);
  await tenants.redis.kill();
  buy(20, 30);
  await sleep(100);
  await tenants.redis.start();
  await analytics.closeAndFlush({ timeout: 20_000 });
  expect(errors).toEqual([]);
  expect(proxy.statuses).toEqual(expect.arrayContaining([200, 429, 502, 503]));
  const { rows, totals } = await tenants.report("trouble");
  expect(rows).toMatchObject([{ channel: "paid_search", conversions: 30, value: "300" }]);
  expect(totals).toMatchObject({ conversions: 30, unattributed: 0 });
});
