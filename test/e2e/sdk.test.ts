/** Our own clients against the real platform: Node, and a page in Chromium. */
import { setTimeout as sleep } from "node:timers/promises";
import { type OutgoingEvent, type Problem, Tributary } from "@tributary/sdk";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundleBrowser } from "../../packages/sdk/scripts/bundle.ts";
import {
  CHROMIUM,
  type Pages,
  sayIfNoChromium,
  servePages,
  startBrowser,
} from "../support/browser.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { startTenants, type Tenants } from "../support/tenants.ts";

const TENANTS = [
  "node",
  "outage",
  "offline",
  "hide",
  "left",
  "consent",
  "spa",
  "stored",
  "cookies",
  "memory",
  "link",
];

let tenants: Tenants;
let proxy: Proxy;
beforeAll(async () => {
  tenants = await startTenants(...TENANTS);
});
afterAll(async () => tenants?.close());
beforeEach(async () => {
  proxy = await startProxy(tenants.platform.gatewayUrl);
});
afterEach(async () => proxy.close());

describe("the Node client", () => {
  const problems: Problem[] = [];
  const said = (code: string): readonly OutgoingEvent[] =>
    problems.filter((problem) => problem.code === code).flatMap(({ events }) => events);
  const client = (writeKey: string, more: Record<string, number> = {}): Tributary =>
    new Tributary({
      url: proxy.url,
      writeKey,
      retryMs: 50,
      onProblem: (problem) => problems.push(problem),
      ...more,
    });
  beforeEach(() => {
    problems.length = 0;
  });

  it("sends a journey, and says which event the gateway refused", async () => {
    const tributary = client("node");
    const who = { userId: "ada", anonymousId: "a-1" };
    const unknown = { anonymousId: "a-1" };
    const at = (secondsAgo: number): number => Date.now() - secondsAgo * 1000;
    tributary.send({ ...unknown, type: "click", time: at(40), source: "google", medium: "cpc" });
    tributary.identify("ada", "a-1", { plan: "pro" });
    tributary.track(who, "signed up", { at: new Date() });
    tributary.conversion(who, { time: at(20), orderId: "o-1", value: "100", currency: "EUR" });
    tributary.conversion(who, { orderId: "o-2", value: 1, currency: "euro" });
    tributary.refund(who, { orderId: "o-1", value: 40, currency: "EUR" });
    expect(await tributary.close()).toBe(0);
    expect(problems).toMatchObject([
      { code: "refused", field: "currency", status: 202, events: [{ orderId: "o-2" }] },
    ]);
    const { rows, totals } = await tenants.report("node");
    expect(rows).toMatchObject([{ channel: "paid_search", conversions: 1, value: "60" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
  });

  it("loses and doubles nothing through 429, 503, a lost answer, 413, a dead gateway and a restart of Redis", async () => {
    const tributary = client("outage", { batchEvents: 10, flushIntervalMs: 10, maxRetryMs: 200 });
    proxy.answer(
      { status: 429, retryAfter: 1 },
      { status: 503 },
      { status: 413 },
      { status: 502, taken: true },
    );
    const startedMs = Date.now();
    const convert = (from: number, to: number): void => {
      for (let user = from; user < to; user += 1) {
        const userId = `u-${user}`;
        tributary.send({ type: "visit", userId, source: "news", medium: "email" });
        tributary.conversion({ userId }, { value: "10", currency: "EUR", time: Date.now() + 1 });
      }
    };
    convert(0, 20);
    while (proxy.left() > 0) await sleep(10);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(1000);
    await tenants.redis.kill();
    convert(20, 30);
    await proxy.down();
    convert(30, 40);
    await sleep(100);
    await proxy.up();
    await tenants.redis.start();
    expect(await tributary.close({ timeoutMs: 20_000 })).toBe(0);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["waiting"]));
    expect(problems.slice(0, 2)).toMatchObject([{ status: 429 }, { status: 503 }]);
    const { rows, totals } = await tenants.report("outage");
    expect(rows).toMatchObject([{ channel: "email", conversions: 40, value: "400" }]);
    expect(totals).toMatchObject({ conversions: 40, unattributed: 0 });
  });

  it("gives up on a wrong key, and says so", async () => {
    const tributary = client("nobody");
    tributary.track({ userId: "ada" }, "x");
    expect(await tributary.close()).toBe(0);
    expect(problems).toMatchObject([
      { code: "rejected", status: 401, reason: "the write key is not known" },
    ]);
  });

  it("takes no more than its bound, has a producer wait, and says what it gave up", async () => {
    await proxy.down();
    const tributary = client("node", { maxQueueEvents: 3, batchEvents: 2 });
    const taken = [1, 2, 3, 4].map((at) => tributary.track({ userId: "ada" }, `t-${at}`));
    expect(taken).toEqual([true, true, true, false]);
    expect(said("queue_full")).toMatchObject([{ name: "t-4" }]);
    await proxy.up();
    await tributary.room(3);
    expect(tributary.track({ userId: "ada" }, "t-5")).toBe(true);
    expect(await tributary.flush()).toBe(true);
    await proxy.down();
    tributary.track({ userId: "ada" }, "t-6");
    expect(await tributary.close({ timeoutMs: 100 })).toBe(1);
    expect(tributary.track({ userId: "ada" }, "t-7")).toBe(false);
    expect(said("unsent")).toMatchObject([{ name: "t-6" }, { name: "t-7" }]);
  });
});

describe.skipIf(CHROMIUM === undefined)("the browser client in Chromium", () => {
  let browser: Browser;
  let context: BrowserContext;
  let shop: Pages;
  beforeAll(async () => {
    const { code } = await bundleBrowser("iife");
    // Options are in the address, so that a reload has them too.
    const html = `<!doctype html><title>Shop</title><script src="/tributary.js"></script><script>
      window.problems = [];
      const given = JSON.parse(new URLSearchParams(location.hash.slice(1)).get("options"));
      window.client = new tributary.Tributary({ retryMs: 50, flushIntervalMs: 50, ...given,
        onProblem: (problem) => window.problems.push(problem) });
    </script>`;
    shop = await servePages(html, { "/tributary.js": code });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(async () => context?.close());

  const address = (path: string, writeKey: string, more: Record<string, unknown> = {}): string => {
    const options = JSON.stringify({ url: proxy.url, writeKey, ...more });
    return `${shop.url}${path}#${new URLSearchParams({ options }).toString()}`;
  };
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (let waits = 0; !(await holds()); waits += 1) {
      if (waits === 500) throw new Error("did not come about in 5 s");
      await sleep(10);
    }
  };
  const stored = async (page: Page): Promise<string[]> =>
    page.evaluate("Object.keys(localStorage).sort()");
  const events = async (page: Page): Promise<string[]> =>
    (await stored(page)).filter((key) => key.includes(".event."));
  const flush = async (page: Page): Promise<unknown> => page.evaluate("client.flush()");
  const posts = (): number => proxy.statuses.length;
  const ORDER = 'client.conversion({ orderId: "o-1", value: "90", currency: "EUR" })';

  it("keeps what happens offline over a reload, and all arrives once", async () => {
    const page = await context.newPage();
    await page.goto(address("/?utm_source=news&utm_medium=email&utm_campaign=may", "offline"));
    await until(() => posts() === 1);
    await page.evaluate('client.identify("ada", { plan: "pro" })');
    expect(await flush(page)).toBe(true);
    await proxy.down();
    await page.evaluate('client.track("basket filled")');
    await page.evaluate(ORDER);
    expect(await flush(page)).toBe(false);
    expect(await page.evaluate("problems.map(({ code }) => code)")).toContain("waiting");
    await page.reload();
    expect(await events(page)).toHaveLength(3);
    // A second tab finds the same events; both will send them.
    const other = await context.newPage();
    await other.goto(address("/?utm_source=google&utm_medium=cpc", "offline"));
    await page.evaluate('client.refund({ orderId: "o-1", value: 30, currency: "EUR" })');
    await proxy.up();
    await until(async () => (await events(page)).length === 0);
    await until(async () => (await flush(page)) === true && (await flush(other)) === true);
    expect(await stored(page)).toEqual([
      "tributary.offline.anonymousId",
      "tributary.offline.userId",
    ]);
    const { rows, totals } = await tenants.report("offline");
    // The reload is no visit, the other tab's is one, after the order.
    expect(rows).toMatchObject([{ channel: "email", conversions: 1, value: "60" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
  });

  it("sends what waits when the page is left, with one preflight for all", async () => {
    const page = await context.newPage();
    await page.goto(
      address("/?utm_source=news&utm_medium=email", "hide", { flushIntervalMs: 60_000 }),
    );
    await page.evaluate(ORDER);
    expect(posts()).toBe(0);
    await page.goto("about:blank");
    await until(() => posts() === 1);
    expect(proxy.statuses).toEqual([202]);
    expect(proxy.preflights()).toBe(1);
    const { rows } = await tenants.report("hide");
    expect(rows).toMatchObject([{ channel: "email", conversions: 1, value: "90" }]);
  });

  it("sends on the next page whatever was not acknowledged to the one that was left", async () => {
    const page = await context.newPage();
    await page.goto(address("/login", "left", { autoPage: false }));
    proxy.answer(...Array.from({ length: 5 }, () => ({ status: 503, taken: true })));
    const next = address("/gone", "nobody", { autoPage: false });
    await page.evaluate(`for (let at = 0; at < 300; at++) client.conversion(
      { orderId: "o-" + at, value: 1, currency: "EUR", properties: { text: "x".repeat(300) } });
      location.href = ${JSON.stringify(next)}`);
    await page.waitForURL(/gone/);
    // What was under way, and what went out with the page, is taken, but never acknowledged.
    await until(() => posts() > 0);
    expect(await events(page)).toHaveLength(300);
    await page.goto(address("/back", "left", { autoPage: false }));
    await until(async () => (await flush(page)) === true);
    expect(await events(page)).toEqual([]);
    const { totals } = await tenants.report("left");
    expect(totals).toMatchObject({ conversions: 300, unattributed: 300 });
  });

  it("stores and sends nothing before consent, and nothing stays when it is withdrawn", async () => {
    const page = await context.newPage();
    const required = { consent: "required" };
    await page.goto(address("/?utm_source=news&utm_medium=email", "consent", required));
    await page.evaluate(ORDER);
    await flush(page);
    await page.reload();
    await page.evaluate(ORDER);
    await flush(page);
    expect(await stored(page)).toEqual([]);
    expect(await context.cookies()).toEqual([]);
    expect([posts(), proxy.preflights()]).toEqual([0, 0]);
    await page.evaluate("client.consent(true)");
    expect(await flush(page)).toBe(true);
    expect(await stored(page)).toEqual(["tributary.consent.anonymousId"]);
    await proxy.down();
    await page.evaluate('client.track("after")');
    await flush(page);
    expect(await events(page)).toHaveLength(1);
    await page.evaluate("client.consent(false)");
    expect(await stored(page)).toEqual([]);
    expect(await page.evaluate("client.anonymousId ?? null")).toBe(null);
    const { rows, totals } = await tenants.report("consent");
    // The first page's events are gone with it; the reloaded page is the visitor's arrival.
    expect(rows).toMatchObject([{ channel: "email", conversions: 1, value: "90" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
  });

  it("sees navigation without loading, and takes only arrivals for touchpoints", async () => {
    const page = await context.newPage();
    await page.goto(address("/?utm_source=news&utm_medium=email", "spa"));
    await page.evaluate('history.pushState({}, "", "/shoes")');
    await page.evaluate('history.replaceState({}, "", "/shoes#size")');
    await page.evaluate('history.pushState({}, "", "/?utm_source=google&utm_medium=cpc")');
    await page.evaluate("client.close()");
    await page.evaluate('history.pushState({}, "", "/unseen?utm_source=x&utm_medium=cpc")');
    await page.evaluate(ORDER);
    // False while the request that close() began is under way.
    await expect.poll(() => flush(page)).toBe(true);
    const { rows } = await tenants.report("spa");
    expect(rows).toMatchObject([
      { channel: "email", conversions: 0.5, value: "45" },
      { channel: "paid_search", conversions: 0.5, value: "45" },
    ]);
  });

  it("keeps its IDs in cookies, and a visitor who logs out is another one", async () => {
    const page = await context.newPage();
    const options = { persistence: "cookie", consent: "granted" };
    await page.goto(address("/", "cookies", options));
    const first = await page.evaluate("client.anonymousId");
    await page.reload();
    expect(await page.evaluate("client.anonymousId")).toBe(first);
    await page.evaluate('client.identify("ada")');
    // The page hands its cookies to Chromium's network process, which the context asks: soon, not at once.
    const kept = () => context.cookies();
    await expect
      .poll(async () => (await kept()).map(({ name, sameSite }) => [name, sameSite]))
      .toEqual([
        ["tributary.cookies.anonymousId", "Lax"],
        ["tributary.cookies.userId", "Lax"],
      ]);
    await page.evaluate("client.reset()");
    await expect.poll(kept).toMatchObject([{ name: "tributary.cookies.anonymousId" }]);
    expect((await kept())[0]?.value).not.toBe(first);
    expect((await stored(page)).filter((key) => key.includes("Id"))).toEqual([]);
    await page.evaluate("client.consent(false)");
    await expect.poll(kept).toEqual([]);
    expect(await stored(page)).toEqual([]);
  });

  it("goes on with the journey that the click of a tracking link began", async () => {
    const page = await context.newPage();
    const target = address("/?utm_source=news&utm_medium=email", "link", { autoPage: false });
    const link = `${tenants.platform.gatewayUrl}/c/link?url=${encodeURIComponent(target)}`;
    await page.goto(link);
    const id = new URL(page.url()).searchParams.get("tclid");
    expect(await page.evaluate("client.anonymousId")).toBe(id);
    await page.evaluate(ORDER);
    expect(await flush(page)).toBe(true);
    const { rows, totals } = await tenants.report("link");
    expect(rows).toMatchObject([{ channel: "email", conversions: 1, value: "90" }]);
    expect(totals).toMatchObject({ conversions: 1, unattributed: 0 });
    // Who is known already stays who they are.
    await page.goto(link);
    expect(await page.evaluate("client.anonymousId")).toBe(id);
  });

  it("stores nothing where it is to keep all in memory", async () => {
    const page = await context.newPage();
    await page.goto(address("/", "memory", { persistence: "memory" }));
    await page.evaluate('client.identify("ada")');
    expect(await stored(page)).toEqual([]);
    expect(await flush(page)).toBe(true);
    expect(proxy.statuses).toContain(202);
    expect(await context.cookies()).toEqual([]);
  });

  it("says when it cannot store, and sends all the same", async () => {
    const page = await context.newPage();
    await page.goto(address("/", "stored"));
    await flush(page);
    await page.evaluate(
      'for (let n = 6e6; n > 0; n >>= 1) try { localStorage.x += "x".repeat(n) } catch {}',
    );
    await page.evaluate('client.track("y".repeat(100))');
    expect(await page.evaluate("problems.map(({ code }) => code)")).toEqual(["storage"]);
    expect(await flush(page)).toBe(true);
    expect(proxy.statuses).toEqual([202, 202]);
  });
});
sayIfNoChromium();
