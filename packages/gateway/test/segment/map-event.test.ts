import { describe, expect, it } from "vitest";
import { mapEvent } from "../../src/segment/map-event.ts";
import { ECOMMERCE_RULES, segmentRulesOf } from "../../src/segment/rules.ts";

const AT = "2026-11-23T16:46:14.667Z";
const CLOCK = { sentAtMs: 0, shiftMs: 0 };
const map = (sent: Record<string, unknown>, rules = ECOMMERCE_RULES) => {
  const omitted: string[] = [];
  const event = { messageId: "m", userId: "ada", timestamp: AT, ...sent };
  const mapped = mapEvent(event, undefined, rules, CLOCK, (field) => omitted.push(field));
  return { ...mapped, omitted };
};
/** Our event of one that is not refused. */
const eventOf = (sent: Record<string, unknown>, rules = ECOMMERCE_RULES) => {
  const mapped = map(sent, rules);
  if (!("event" in mapped)) throw new Error(JSON.stringify(mapped));
  return mapped.event;
};
const page = (url: string, referrer: string, campaign?: Record<string, string>) => ({
  type: "page",
  context: { page: { url, referrer }, campaign },
});
const order = (event: string, properties: Record<string, unknown>) => ({
  type: "track",
  event,
  properties,
});

describe("an event of Segment's", () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "page",
      page("https://shop.example/?gclid=1", "https://news.example/", {
        source: "google",
        medium: "cpc",
        name: "spring",
      }),
      {
        id: "m",
        type: "visit",
        time: Date.parse(AT),
        source: "google",
        campaign: "spring",
        url: "https://shop.example/?gclid=1",
        referrer: "https://news.example/",
      },
    ],
    ["a page within the site", page("https://s.ex/b", "https://www.s.ex/a"), { type: "custom" }],
    ["a landing from within", page("https://s.ex/?gclid=1", "https://s.ex/"), { type: "visit" }],
    ["screen", { type: "screen", name: "Home" }, { type: "visit", name: "Home" }],
    ["identify", { type: "identify", anonymousId: "x" }, { type: "identify", anonymousId: "x" }],
    ["alias", { type: "alias", previousId: "x" }, { type: "identify", anonymousId: "x" }],
    ["group", { type: "group", groupId: "g" }, { type: "custom", name: "group" }],
    ["another track", order("Signed Up", {}), { type: "custom", name: "Signed Up" }],
    [
      "an order",
      order("Order Completed", { order_id: 7, total: 9, revenue: "8.50", currency: "eur" }),
      { type: "conversion", orderId: "7", value: "8.50", currency: "EUR" },
    ],
    ["an order in dollars", order("Order Completed", { total: 9 }), { value: 9, currency: "USD" }],
    [
      "a refund as negative revenue",
      order("Order Refunded", { order_id: "o", revenue: -9 }),
      { type: "refund", orderId: "o", value: 9 },
    ],
  ])("%s", (_, sent, expected) =>
    expect(map(sent)).toMatchObject({ event: expected, omitted: [] }),
  );

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "an install that a provider attributed",
      order("Install Attributed", {
        provider: "AppsFlyer",
        campaign: { source: "Network", name: "Spring", content: "Red", ad_group: "Red Ones" },
      }),
      { type: "visit", source: "Network", campaign: "Spring", content: "Red" },
    ],
    [
      "an install that says nothing",
      order("Install Attributed", { provider: "x" }),
      { type: "custom" },
    ],
    [
      "a deep link with UTM parameters",
      order("Deep Link Opened", { url: "app://landing?utm_source=mail&utm_medium=email" }),
      { type: "visit", url: "app://landing?utm_source=mail&utm_medium=email" },
    ],
    [
      "a deep link with a click ID and no scheme",
      order("Deep Link Clicked", { url: "brnch.io/1234?gclid=1" }),
      { type: "visit", url: "brnch.io/1234?gclid=1" },
    ],
    [
      "a deep link of no campaign",
      order("Deep Link Opened", { url: "app://landing" }),
      { type: "custom" },
    ],
    [
      "an opened app with the app before",
      order("Application Opened", {
        from_background: false,
        referring_application: "com.google.android.gm",
        url: "url://location",
      }),
      { type: "visit", url: "url://location", referrer: "android-app://com.google.android.gm" },
    ],
    [
      "an opened app with the app before, on iOS",
      {
        ...order("Application Opened", { referring_application: "com.burbn.instagram" }),
        context: { os: { name: "iOS" } },
      },
      { type: "visit", referrer: "ios-app://com.burbn.instagram" },
    ],
    [
      "an app that a browser opened",
      order("Application Opened", { referring_application: "com.apple.mobilesafari" }),
      { type: "custom" },
    ],
    [
      "an app that was opened through its home screen",
      order("Application Opened", { from_background: true, referring_application: "GMail" }),
      { type: "custom" },
    ],
    [
      "a tapped push notification",
      order("Push Notification Tapped", {
        campaign: { medium: "Push", source: "Vendor", name: "Play" },
      }),
      { type: "visit", medium: "Push", source: "Vendor", campaign: "Play" },
    ],
    [
      "a notification that came, and nobody tapped",
      order("Push Notification Received", { campaign: { medium: "Push", name: "Play" } }),
      { type: "custom" },
    ],
    [
      "a campaign that its context has",
      {
        ...order("Deep Link Opened", { title: "x" }),
        context: { campaign: { source: "x", name: "y" } },
      },
      { type: "visit", source: "x", campaign: "y" },
    ],
  ])("is %s", (_, sent, expected) => {
    const event = eventOf(sent);
    expect(map(sent).omitted).toEqual([]);
    expect(event).toMatchObject(expected);
    expect(event["properties"]).toEqual(sent["properties"]);
  });

  it("is what a tenant's rules make of it", () => {
    const sent = order("Deep Link Opened", { url: "app://x?utm_source=y" });
    const type = (segment: object): unknown => eventOf(sent, segmentRulesOf({ segment }))["type"];
    expect(type({ campaigns: [] })).toBe("custom");
    expect(type({ conversions: ["Deep Link Opened"] })).toBe("conversion");
    expect(type({ campaigns: [], touchpoints: ["Deep Link Opened"] })).toBe("click");
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "a page without an address: its path and query",
      { type: "page", context: { page: { path: "/sale", search: "?utm_source=x" } } },
      { type: "visit", url: "/sale?utm_source=x" },
    ],
    [
      "a page whose address has a fragment",
      { type: "page", context: { page: { url: "https://shop.example/#top", search: "?gclid=1" } } },
      { type: "visit", url: "https://shop.example/?gclid=1#top" },
    ],
    [
      "a page's referrer in its context",
      { type: "page", context: { referrer: { type: "dataxu", url: "https://news.example/" } } },
      { type: "visit", referrer: "https://news.example/" },
    ],
    [
      "a page's category",
      { type: "page", name: "Shoes", category: "Shop", properties: { color: "red" } },
      { type: "visit", name: "Shoes", properties: { category: "Shop", color: "red" } },
    ],
    [
      "a screen, a visit that says nothing of its source",
      { type: "screen", name: "Home", category: "Main", properties: { variation: "blue" } },
      { type: "visit", name: "Home", properties: { category: "Main", variation: "blue" } },
    ],
    [
      "a group's ID",
      { type: "group", groupId: "g-1", traits: { plan: "pro" } },
      { type: "custom", name: "group", properties: { groupId: "g-1", plan: "pro" } },
    ],
    [
      "traits that are in the context",
      { type: "identify", context: { traits: { plan: "pro" } } },
      { type: "identify", properties: { plan: "pro" } },
    ],
  ])("keeps %s", (_, sent, expected) => {
    expect(eventOf(sent)).toEqual({ id: "m", time: Date.parse(AT), userId: "ada", ...expected });
  });

  it("says that an alias does not join its anonymous ID as well", () => {
    const alias = { type: "alias", previousId: "before", anonymousId: "other" };
    expect(map(alias)).toMatchObject({
      event: { type: "identify", anonymousId: "before" },
      omitted: ["anonymousId"],
    });
    expect(map({ ...alias, anonymousId: "before" }).omitted).toEqual([]);
  });

  it("keeps its ID where it fits, and a hash of it where not", () => {
    const id = (sent: Record<string, unknown>): unknown => {
      const mapped = map({ type: "track", event: "e", ...sent });
      return "event" in mapped ? mapped.event["id"] : mapped.refused;
    };
    expect(id({ messageId: "x".repeat(64) })).toBe("x".repeat(64));
    expect(id({ messageId: "x".repeat(65) })).toMatch(/^[0-9a-f]{64}$/);
    expect(id({ messageId: "x".repeat(65) })).toBe(id({ messageId: "x".repeat(65) }));
    expect(id({ messageId: null, sentAt: "a" })).toBe(id({ messageId: null, sentAt: "b" }));
    expect(id({ messageId: null })).not.toBe(id({ messageId: null, event: "f" }));
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["an unreadable value", order("Order Completed", { revenue: "much" }), "value"],
    ["an unknown currency", order("Order Completed", { revenue: 1, currency: "?" }), "currency"],
    ["many properties", order("e", { list: Array.from({ length: 9000 }, () => 1) }), "properties"],
    ["a long URL", page(`https://shop.example/${"ü".repeat(2000)}`, ""), "url"],
  ])("is taken without %s", (_, sent, field) => {
    const { omitted, ...mapped } = map(sent);
    expect(mapped).toHaveProperty("event");
    expect(omitted).toEqual([field]);
  });

  it.each([
    [{ type: "track" }, "name"],
    [{ type: "page", timestamp: "yesterday" }, "time"],
    [{ type: "purchase" }, "type"],
    [{ type: "alias" }, "anonymousId"],
    [{ type: "alias", previousId: " " }, "anonymousId"],
    [{ type: "alias", previousId: "x", userId: undefined }, "userId"],
    [{ type: "alias", previousId: "x", userId: null, anonymousId: "y" }, "userId"],
  ])("%j is none of ours", (sent, field) =>
    expect(map(sent)).toMatchObject({ refused: { field } }),
  );
});
