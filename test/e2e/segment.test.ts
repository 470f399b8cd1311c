import { Analytics } from "@segment/analytics-node";
import { startPlatform, type Platform } from "@tributary/cli";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonOf, type Report, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const data = temporaryDataDir();
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 2,
    environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

it(
  "Segment's Node client as it is: page, identify, order, refund",
  { timeout: TIMEOUT_MS },
  async () => {
    const errors: unknown[] = [];
    const analytics = new Analytics({ writeKey: "any", host: platform.gatewayUrl });
    analytics.on("error", (error) => errors.push(error));
    const at = (secondsAgo: number): Date => new Date(Date.now() - secondsAgo * 1000);
    const userId = "ada";
    analytics.page({
      userId,
      timestamp: at(40),
      context: {
        page: { url: "https://shop.example/" },
        campaign: { source: "google", medium: "cpc", name: "spring" },
      },
    });
    analytics.identify({ userId, anonymousId: "browser-1", timestamp: at(30) });
    const order = { order_id: "o-1", currency: "EUR" };
    analytics.track({
      userId,
      event: "Order Completed",
      timestamp: at(20),
      properties: { ...order, revenue: 100 },
    });
    analytics.track({
      userId,
      event: "Order Refunded",
      timestamp: at(10),
      properties: { ...order, revenue: 40 },
    });
    await analytics.closeAndFlush({ timeout: 10_000 });
    expect(errors).toEqual([]);
    const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
    expect(await settled.json()).toEqual({ settled: true });
    const command = ["report", "--model", "linear", "--data", data.dir, "--json"];
    const { rows, totals } = jsonOf<Report>(await tributary(command));
    expect(rows).toMatchObject([{ channel: "paid_search", conversions: 1, value: "60" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
  },
);
