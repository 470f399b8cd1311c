/** What a tenant wants otherwise, from the client to the report: the same events of two tenants, by two sets of rules. */
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tenantsFile } from "../support/tenants-file.ts";
import { temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const HOUR_MS = 3_600_000;
const NOW = Date.now();

const data = temporaryDataDir();
let platform: Platform;
let file = "";
beforeAll(async () => {
  file = tenantsFile(data.dir, {
    acme: {
      segment: { conversions: ["Subscribed"], touchpoints: ["Newsletter Opened"], value: ["mrr"] },
      currency: "EUR",
      timeZone: "Pacific/Kiritimati",
      windows: { click: "2h" },
      channels: [
        { channel: "newsletter", source: "news-*" },
        { channel: "forum", referrer: "forum.example" },
      ],
      referralExclusions: ["pay.example"],
      postbacks: {
        network: {
          userId: "{customer}",
          orderId: "{transaction}",
          value: "{amount}",
          currency: "{currency}",
        },
      },
    },
  });
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 4,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      TRIBUTARY_WRITE_KEYS: "acme=acme,globex=globex",
      TRIBUTARY_READ_KEYS: "acme=acme,globex=globex",
      TRIBUTARY_TENANTS_FILE: file,
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

const get = async (tenant: string, path: string): Promise<Record<string, unknown>> => {
  const answer = await fetch(platform.reportsUrl + path, {
    headers: { authorization: `Bearer ${tenant}` },
  });
  return (await answer.json()) as Record<string, unknown>;
};
/** Sends Segment events of a user, each so many hours ago. */
const send = async (tenant: string, userId: string, events: readonly object[]): Promise<void> => {
  const batch = events.map((event, i) => {
    const { hoursAgo = 0, ...sent } = event as { hoursAgo?: number };
    const timestamp = new Date(NOW - hoursAgo * HOUR_MS).toISOString();
    return { userId, messageId: `${userId}-${i}`, timestamp, ...sent };
  });
  const answer = await fetch(`${platform.gatewayUrl}/v1/batch`, {
    method: "POST",
    headers: { "x-write-key": tenant },
    body: JSON.stringify({ batch }),
  });
  expect(await answer.json()).toMatchObject({ success: true, refused: [] });
};
const page = (hoursAgo: number, context: object) => ({ type: "page", hoursAgo, context });
const bought = (event: string) => ({
  type: "track",
  event,
  properties: { mrr: 30, revenue: 50, order_id: "o" },
});
/** Channels with their credits under the linear model. */
const credits = async (tenant: string): Promise<Record<string, unknown>> => {
  expect(await get(tenant, "/v1/settled?timeoutMs=30000")).toEqual({ settled: true });
  const { rows } = await get(tenant, "/v1/reports/attribution?model=linear&by=channel");
  return Object.fromEntries(
    (rows as { channel: string; credits: string; value: unknown }[]).map((row) => [
      row.channel,
      row,
    ]),
  );
};

describe("a tenant's rules", { timeout: TIMEOUT_MS }, () => {
  it("name its conversions, money, windows and channels, and nobody else's", async () => {
    for (const tenant of ["acme", "globex"]) {
      await send(tenant, "ada", [
        page(30, { campaign: { source: "google", medium: "cpc" } }),
        page(1.5, { campaign: { source: "news-may", medium: "email" } }),
        page(1, { page: { url: "https://shop.example/", referrer: "https://forum.example/t" } }),
        { type: "track", event: "Newsletter Opened", hoursAgo: 0.5 },
        page(0.2, { page: { url: "https://shop.example/", referrer: "https://a.pay.example/x" } }),
        bought("Subscribed"),
        bought("Order Completed"),
      ]);
    }
    const acme = await credits("acme");
    // The click before the window of two hours is out; the opened letter counts, and the way back from the payment page goes on.
    expect(Object.keys(acme).toSorted()).toEqual(["direct", "forum", "newsletter"]);
    expect(JSON.stringify(acme["direct"])).toContain('"value":"10"');
    expect(JSON.stringify(acme)).toContain('"currency":"EUR"');
    const globex = await credits("globex");
    expect(Object.keys(globex).toSorted()).toEqual(["email", "paid_search", "referral"]);
    expect(JSON.stringify(globex)).toContain('"currency":"USD"');
    expect(JSON.stringify(globex["referral"])).toContain('"value":"25"');
  });

  it("are what a conversion is explained by, what the audit recomputes with, and what a report's days go by", async () => {
    const explained = await get("acme", "/v1/conversions/ada-5");
    const touchpoints = explained["touchpoints"] as Record<string, unknown>[];
    expect(touchpoints.map(({ channel, channelRule }) => [channel, channelRule])).toEqual([
      ["newsletter", "tenant_rule"],
      ["forum", "tenant_rule"],
      ["direct", "no_signal"],
    ]);
    expect(explained["notCounted"]).toMatchObject([
      {
        channelRule: "excluded_referrer",
        reason: "went_on",
        wentOnWith: { id: "ada-3", type: "click", because: "excluded_host" },
      },
      { channel: "paid_search", reason: "outside_click_window" },
    ]);
    for (const tenant of ["acme", "globex"]) {
      expect(await get(tenant, "/v1/audit")).toMatchObject({ compared: 1, different: 0 });
      const { events, money } = await get(tenant, "/v1/reports/conservation");
      expect(events).toMatchObject({ residue: 0 });
      expect(money).toMatchObject([{ residue: "0" }]);
    }
    const days = async (tenant: string, more = ""): Promise<unknown> => {
      const { rows } = await get(
        tenant,
        `/v1/reports/attribution?model=last_touch&by=day,channel${more}`,
      );
      return (rows as { day: string }[])[0]?.day;
    };
    const dayAt = (timeZone: string): string =>
      new Intl.DateTimeFormat("sv", { timeZone }).format(NOW);
    expect(await days("acme")).toBe(dayAt("Pacific/Kiritimati"));
    expect(await days("acme", "&timeZone=UTC")).toBe(dayAt("UTC"));
    expect(await days("globex")).toBe(dayAt("UTC"));
  });

  it("take a network's postback for its user's conversion, once however often it comes", async () => {
    const query = "customer=ada&transaction=t-1&amount=12.50&currency=EUR";
    for (const more of ["", "&retry=1"]) {
      const answer = await fetch(
        `${platform.gatewayUrl}/v1/postback/network?key=acme&${query}${more}`,
      );
      expect([answer.status, await answer.text()]).toEqual([200, "OK"]);
    }
    expect(await get("acme", "/v1/settled?timeoutMs=30000")).toEqual({ settled: true });
    expect(await get("acme", "/v1/conversions/t-1")).toMatchObject({
      orderId: "t-1",
      value: "12.5",
      currency: "EUR",
    });
    const { totals } = await get("acme", "/v1/reports/attribution?model=linear&by=channel");
    expect(totals).toMatchObject({ conversions: 2 });
    const other = await fetch(`${platform.gatewayUrl}/v1/postback/network?key=globex&${query}`);
    expect(other.status).toBe(404);
  });

  it("are checked by a command, which names what is wrong", async () => {
    const good = await tributary(["tenants", "check", file]);
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/^1 tenant, digest [0-9a-f]{12}\n {2}acme +segment \(/);
    const bad = tenantsFile(data.dir, { acme: { bots: "never" } });
    const { code, stderr } = await tributary(["tenants", "check", bad]);
    expect(code).toBe(1);
    expect(stderr).toContain("tenants.acme.bots: expected keep, mark or drop");
  });
});
