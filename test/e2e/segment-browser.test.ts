/** Segment's own browser client, as it comes from npm, on a page of ours against the real platform. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  CHROMIUM,
  type Pages,
  sayIfNoChromium,
  servePages,
  startBrowser,
} from "../support/browser.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { startTenants, type Tenants } from "../support/tenants.ts";

const require = createRequire(import.meta.url);
/** What Segment's CDN serves as `analytics.min.js`. */
const STANDALONE = join(
  dirname(require.resolve("@segment/analytics-next/package.json")),
  "dist/umd/standalone.js",
);
/** The page says whose it is and where its settings are, as Segment's snippet does; the rest is the client's own. */
const HTML = `<!doctype html><title>Shop</title><script>
  const given = new URLSearchParams(location.hash.slice(1));
  window.analytics = [];
  analytics._writeKey = given.get("key");
  analytics._cdn = given.get("cdn");
  analytics._loadOptions = JSON.parse(given.get("options"));
</script><script src="/analytics.min.js"></script>`;

describe.skipIf(CHROMIUM === undefined)("Segment's browser client as it is", () => {
  let tenants: Tenants;
  let proxy: Proxy;
  let browser: Browser;
  let shop: Pages;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    tenants = await startTenants("plain", "batches", "trouble");
    shop = await servePages(HTML, { "/analytics.min.js": readFileSync(STANDALONE, "utf8") });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
    await tenants?.close();
  });
  beforeEach(async () => {
    proxy = await startProxy(tenants.platform.gatewayUrl);
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    await context?.close();
    await proxy?.close();
  });

  const open = async (path: string, key: string, load: unknown = {}): Promise<void> => {
    const given = { key, cdn: proxy.url, options: JSON.stringify(load) };
    await page.goto(`${shop.url}${path}#${new URLSearchParams(given).toString()}`);
    await page.waitForFunction("window.analytics?.initialized === true");
  };
  const call = async (code: string): Promise<void> => {
    await page.evaluate(`analytics.${code}`);
  };
  const settledAt = async (posts: number): Promise<void> => {
    const done = (): number => proxy.statuses.filter((status) => status === 200).length;
    for (let waits = 0; done() < posts; waits += 1) {
      if (waits > 1500)
        throw new Error(`${done()} of ${posts} after 15 s: ${proxy.statuses.join()}`);
      await sleep(10);
    }
  };
  const order = (name: string, revenue: number): string =>
    `track(${JSON.stringify(name)}, { order_id: "o-1", revenue: ${revenue}, currency: "EUR" })`;

  it("page with UTM, identify, order, refund", async () => {
    await open("/?utm_source=google&utm_medium=cpc&utm_campaign=spring", "plain");
    await call("page()");
    await call('identify("ada", { plan: "pro" })');
    await call(order("Order Completed", 100));
    await call(order("Order Refunded", 40));
    await settledAt(4);
    expect(new Set(proxy.statuses)).toEqual(new Set([200]));
    const { rows, totals } = await tenants.report("plain");
    expect(rows).toMatchObject([{ channel: "paid_search", conversions: 1, value: "60" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
  });

  it("in batches, the last as the page is left", async () => {
    const config = { size: 10, timeout: 60_000 };
    const apiHost = `${new URL(proxy.url).host}/v1`;
    await open("/?utm_source=google&utm_medium=cpc", "batches", {
      integrations: {
        "Segment.io": {
          apiHost,
          protocol: "http",
          deliveryStrategy: { strategy: "batching", config },
        },
      },
    });
    await call("page()");
    await call('identify("ada")');
    await call(order("Order Completed", 100));
    expect(proxy.statuses).toEqual([]);
    await page.goto("about:blank");
    await settledAt(1);
    const { rows } = await tenants.report("batches");
    expect(rows).toMatchObject([{ channel: "paid_search", conversions: 1, value: "100" }]);
  });

  it("loses and doubles nothing through 429, 503, a lost answer and a restart of Redis", async () => {
    await open("/?utm_source=google&utm_medium=cpc", "trouble");
    await call("page()");
    await settledAt(1);
    proxy.answer({ status: 429, retryAfter: 1 }, { status: 503 }, { status: 502, taken: true });
    const startedMs = Date.now();
    await call('identify("ada")');
    await call(order("Order Completed", 100));
    await settledAt(3);
    expect(new Set(proxy.statuses.slice(1, 4))).toEqual(new Set([429, 502, 503]));
    // A page that cannot read Retry-After comes back earlier.
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(1000);
    await tenants.redis.kill();
    await call(order("Order Refunded", 40));
    await call('track("Signed Up")');
    await sleep(200);
    await tenants.redis.start();
    await settledAt(5);
    expect(proxy.statuses.slice(6)).toContain(429);
    const { rows, totals } = await tenants.report("trouble");
    expect(rows).toMatchObject([{ channel: "paid_search", conversions: 1, value: "60" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
  });
});
sayIfNoChromium();
