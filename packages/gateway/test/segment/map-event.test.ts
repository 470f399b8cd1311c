import { describe, expect, it } from "vitest";
import { mapEvent } from "../../src/segment/map-event.ts";
import { ECOMMERCE_RULES } from "../../src/segment/rules.ts";

const AT = "2026-11-23T16:46:14.667Z";
const CLOCK = { sentAtMs: 0, shiftMs: 0 };
const map = (sent: Record<string, unknown>) => {
  const omitted: string[] = [];
  const event = { messageId: "m", userId: "ada", timestamp: AT, ...sent };
  const mapped = mapEvent(event, undefined, ECOMMERCE_RULES, CLOCK, (field) => omitted.push(field));
  return { ...mapped, omitted };
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
