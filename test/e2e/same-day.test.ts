/** One day of a shop, told in five ways: the same arrival, the same order and the same credits, to the byte. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundleBrowser } from "../../packages/sdk/scripts/bundle.ts";
import {
  CHROMIUM,
  type Pages,
  sayIfNoChromium,
  servePages,
  startBrowser,
} from "../support/browser.ts";
import { startTenants, type Tenants } from "../support/tenants.ts";
import { temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const MINUTE_MS = 60_000;
const SHUFFLES = ["forwards", "backwards", "order-first"] as const;
const WAYS = [...SHUFFLES.map((name) => `api-${name}`), "segment", "sdk", "link", "import"];

/**
 * The day: an advertisement brings a visitor, who reloads the landing page, looks around, pays on the provider's page, comes
 * back, and opens the thank-you page again. So the order is told twice, and the shop's server, which knows the visitor as a
 * customer, tells it a third time.
 */
const AD = "?utm_source=google&utm_medium=cpc&utm_campaign=hats";
const PAYMENT_HOST = "sis.redsys.es";
const ORDER = { name: "Order Completed", orderId: "o-1", value: "100", currency: "EUR" };
const REPORT = [
  "model,channel,campaign,conversions,value,currency",
  ...["first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay"].map(
    (model) => `${model},paid_search,hats,1,100,EUR`,
  ),
  "",
].join("\n");

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants(...WAYS);
}, TIMEOUT_MS);
afterAll(async () => tenants?.close());

const startMs = Date.now() - 60 * MINUTE_MS;
const visitor = { anonymousId: "visitor-1" };
const page = (id: string, minute: number, path: string, referrer?: string) => ({
  id,
  type: "visit",
  time: startMs + minute * MINUTE_MS,
  url: `https://shop.example${path}`,
  ...(referrer === undefined ? {} : { referrer }),
  ...visitor,
});
const order = (id: string, minute: number, who: object = visitor) => ({
  id,
  type: "conversion",
  time: startMs + minute * MINUTE_MS,
  ...ORDER,
  ...who,
});
const landing = [
  page("landing", 0, `/${AD}`, "https://www.google.com/"),
  page("reload", 1, `/${AD}`, "https://www.google.com/"),
];
const rest = [
  page("products", 2, "/products", "https://shop.example/"),
  page("thanks", 9, "/thanks", `https://${PAYMENT_HOST}/`),
  order("order", 10),
  page("thanks-again", 12, "/thanks", `https://${PAYMENT_HOST}/`),
  order("order-again", 12),
  {
    id: "known",
    type: "identify",
    time: startMs + 13 * MINUTE_MS,
    userId: "customer-1",
    ...visitor,
  },
  order("order-of-server", 14, { userId: "customer-1" }),
];

async function send(tenant: string, events: readonly object[]): Promise<void> {
  // One a request: the order of arrival is that of the list.
  for (const event of events) {
    const answer = await fetch(`${tenants.platform.gatewayUrl}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${tenant}` },
      body: JSON.stringify({ events: [event] }),
    });
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 202,
      body: { accepted: 1 },
    });
  }
}

async function reportOf(tenant: string): Promise<string> {
  await tenants.report(tenant);
  const answer = await fetch(
    `${tenants.platform.reportsUrl}/v1/reports/attribution?model=all&by=channel,campaign&format=csv`,
    { headers: { authorization: `Bearer ${tenant}` } },
  );
  return (await answer.text()).replaceAll("\r\n", "\n");
}

describe("the event API", () => {
  const orders: Readonly<Record<(typeof SHUFFLES)[number], readonly object[]>> = {
    forwards: [...landing, ...rest],
    backwards: [...landing, ...rest].toReversed(),
    "order-first": [...rest.slice(2), ...landing, ...rest.slice(0, 2)],
  };
  it.each(SHUFFLES)("%s", { timeout: TIMEOUT_MS }, async (name) => {
    await send(`api-${name}`, orders[name]);
    expect(await reportOf(`api-${name}`)).toBe(REPORT);
  });
});

it("a tracking link, clicked by a visitor who is known", { timeout: TIMEOUT_MS }, async () => {
  const target = encodeURIComponent(`https://shop.example/${AD}`);
  const answer = await fetch(`${tenants.platform.gatewayUrl}/c/link?url=${target}`, {
    redirect: "manual",
  });
  const address = answer.headers.get("location") ?? "";
  expect(new URL(address).searchParams.get("tclid")).toMatch(/./);
  const arrivedMs = Date.now();
  const arrival = { id: "landing", type: "visit", time: arrivedMs, url: address, ...visitor };
  const later = rest.map((event, i) => ({ ...event, time: arrivedMs + 1 + i }));
  await send("link", [arrival, { ...arrival, id: "reload", time: arrivedMs + 1 }, ...later]);
  expect(await reportOf("link")).toBe(REPORT);
});

describe.skipIf(CHROMIUM === undefined)("a page in a browser", () => {
  let browser: Browser;
  let shop: Pages;
  beforeAll(async () => {
    // The shop and the payment page have hosts of their own, as visitors' browsers see them.
    browser = await startBrowser("--host-resolver-rules=MAP * 127.0.0.1");
    const require = createRequire(import.meta.url);
    const segment = join(
      dirname(require.resolve("@segment/analytics-next/package.json")),
      "dist/umd/standalone.js",
    );
    shop = await servePages(pageHtml(tenants.platform.gatewayUrl), {
      "/analytics.min.js": readFileSync(segment, "utf8"),
      "/tributary.js": (await bundleBrowser("iife")).code,
    });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  it.each(["segment", "sdk"])("%s", { timeout: TIMEOUT_MS }, async (way) => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const tab = await context.newPage();
    const port = new URL(shop.url).port;
    const at = (path: string): string => `http://shop.test:${port}${path}`;
    const shown = async (): Promise<void> => {
      await tab.waitForFunction("window.isSent === true");
    };
    await tab.goto(at(`/${way}${AD}`), { referer: "http://www.google.com/" });
    await shown();
    await tab.reload();
    await shown();
    await follow(tab, at(`/${way}/products`));
    await shown();
    await follow(tab, `http://${PAYMENT_HOST}:${port}/pay`);
    await follow(tab, at(`/${way}/thanks`));
    await shown();
    await tab.reload();
    await shown();
    await send(way, [
      {
        id: "order-of-server",
        type: "conversion",
        time: Date.now(),
        ...ORDER,
        userId: "customer-1",
      },
    ]);
    expect(await reportOf(way)).toBe(REPORT);
  });
});
sayIfNoChromium();

it("the shop's export, imported", { timeout: TIMEOUT_MS }, async () => {
  const data = temporaryDataDir();
  onTestFinished(() => data.remove());
  const file = join(data.dir, "export.csv");
  const head = "Time,Customer,Event,Page,Referrer,Order,Total,Currency";
  const told = [...landing, ...rest].filter(({ type }) => type !== "identify");
  const rows = told.map((event) => {
    const { type, time, url = "", referrer = "" } = event as Row;
    const money = type === "conversion" ? ["o-1", "100.00", "EUR"] : ["", "", ""];
    const what = type === "conversion" ? "order" : "pageview";
    return [new Date(time).toISOString(), "customer-1", what, url, referrer, ...money].join(",");
  });
  writeFileSync(file, `${[head, ...rows].join("\n")}\n`);
  const { gatewayUrl, reportsUrl } = tenants.platform;
  const keys = ["--key", "import", "--import-key", "import", "--read-key", "import"];
  const { code, stdout, stderr } = await tributary([
    "import",
    file,
    "--yes",
    "--url",
    gatewayUrl,
    "--reports-url",
    reportsUrl,
    ...keys,
  ]);
  expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
  expect(await reportOf("import")).toBe(REPORT);
});

interface Row {
  readonly type: string;
  readonly time: number;
  readonly url?: string;
  readonly referrer?: string;
}

/** Clicks a link, so that the next page has this one as its referrer. */
async function follow(tab: Page, address: string): Promise<void> {
  await tab.evaluate(`
    const link = document.createElement("a");
    link.href = ${JSON.stringify(address)};
    document.body.append(link);
    link.click();`);
  await tab.waitForURL(address);
}

/** A page of the shop: by its path it has Segment's client or ours, and on the thank-you page it tells the order. */
function pageHtml(gateway: string): string {
  const { host } = new URL(gateway);
  return `<!doctype html><title>Shop</title><body><script>
  const order = ${JSON.stringify(ORDER)};
  const isThanks = location.pathname.endsWith("/thanks");
  const load = (src, then) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = then;
    document.head.append(script);
  };
  if (location.pathname.startsWith("/segment")) {
    window.analytics = [];
    analytics._writeKey = "segment";
    analytics._cdn = "http://${host}";
    load("/analytics.min.js", async () => {
      while (!analytics.initialized) await new Promise((go) => setTimeout(go, 10));
      await analytics.page();
      const { name, orderId: order_id, value, currency } = order;
      if (isThanks) await analytics.identify("customer-1");
      if (isThanks) await analytics.track(name, { order_id, revenue: Number(value), currency });
      window.isSent = true;
    });
  } else if (location.pathname.startsWith("/sdk")) {
    load("/tributary.js", async () => {
      const client = new tributary.Tributary({ url: "http://${host}", writeKey: "sdk" });
      if (isThanks) client.identify("customer-1");
      if (isThanks) client.conversion(order);
      window.isSent = await client.flush();
    });
  } else window.isSent = true;
</script>`;
}
