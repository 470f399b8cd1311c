import { TenantRules } from "@tributary/attribution";
import type { ConversionDetail, UserTouch } from "@tributary/warehouse";
import { expect, test } from "vitest";
import { explain } from "../../src/catalog/explain.ts";

const DAY_MS = 86_400_000;
const T0 = Date.UTC(2026, 9, 10);
const WINDOWS = { clickWindowMs: 7 * DAY_MS, viewWindowMs: DAY_MS, sessionGapMs: 30 * 60_000 };

const touch = (id: string, time: number, more: Partial<UserTouch> = {}): UserTouch => ({
  id,
  type: "click",
  time,
  source: "",
  medium: "",
  campaign: "",
  term: "",
  content: "",
  channel: "direct",
  referrer: "",
  url: "",
  committedAt: time,
  ...more,
});

const detail: ConversionDetail = {
  id: "c",
  sentUserKey: "u",
  sentAnonymous: false,
  orderId: "",
  name: "purchase",
  time: T0,
  userKey: "u",
  anonymous: false,
  value: "1",
  currency: "EUR",
  revision: 0,
  reason: "first",
  attributedAt: T0 + 1000,
  touchpoints: [{ index: 1, ...touch("on", T0 - DAY_MS) }],
  credits: [],
  revisions: [],
};

test("each touchpoint that is not on the path has the reason for it", () => {
  const touches = [
    touch("on", T0 - DAY_MS, { medium: "email", channel: "email" }),
    touch("newer", T0 - 5, { committedAt: T0 + 2000 }),
    touch("view", T0 - DAY_MS - 1, { type: "impression", channel: "display" }),
    touch("edge", T0 - 7 * DAY_MS),
    touch("old", T0 - 7 * DAY_MS - 1),
    touch("same", T0),
    touch("after", T0 + 1),
  ];
  const { notCounted, touchpoints, notCountedTruncated } = explain(detail, touches, WINDOWS, true);
  expect(touchpoints).toMatchObject([{ id: "on", channelRule: "medium" }]);
  expect(notCounted.map(({ id, reason }) => [id, reason])).toEqual([
    ["newer", "arrived_later"],
    ["view", "outside_view_window"],
    // Inside the window of today, and yet not on the path.
    ["edge", "other_windows"],
    ["old", "outside_click_window"],
    ["same", "other_windows"],
    ["after", "after_conversion"],
  ]);
  expect(notCountedTruncated).toBe(true);
});

test("a visit that goes on names its arrival, and why", () => {
  const MINUTE_MS = 60_000;
  const at = (minutes: number) => T0 - 60 * MINUTE_MS + minutes * MINUTE_MS;
  const visit = (id: string, minutes: number, more: Partial<UserTouch> = {}) =>
    touch(id, at(minutes), { type: "visit", url: "https://shop.example/", ...more });
  const ad = { source: "google", medium: "cpc", campaign: "hats", channel: "paid_search" };
  const rules = {
    ...WINDOWS,
    channels: new TenantRules({ rules: [], excludedReferrers: ["pay.example"] }),
  };
  const touches = [
    visit("ad", 0, ad),
    visit("again", 1, { ...ad, campaign: "Hats" }),
    visit("own", 2, { referrer: "https://www.shop.example/x" }),
    visit("paid", 3, { referrer: "https://www.paypal.com/" }),
    visit("excluded", 4, { referrer: "https://pay.example/" }),
    visit("bare", 5),
    visit("blog", 6, { channel: "referral", referrer: "https://blog.example/" }),
    visit("route", 7, { channel: "referral", referrer: "https://blog.example/post" }),
    visit("named", 8, { channel: "partners" }),
    visit("named again", 9, { channel: "partners" }),
    visit("said", 10, { channel: "direct", referrer: "https://blog.example/" }),
    touch("link", at(11), { channel: "email" }),
    visit("landing", 50, { channel: "email", url: "https://shop.example/?tclid=link" }),
    visit("landing again", 50, { channel: "email", url: "https://shop.example/?tclid=other" }),
    visit("and again", 55, { channel: "email", url: "https://shop.example/?tclid=other" }),
  ];
  const { notCounted } = explain(detail, touches, rules, false);
  const why = notCounted
    .filter(({ reason }) => reason === "went_on")
    .map(({ id, wentOnWith }) => [id, wentOnWith?.id, wentOnWith?.because]);
  expect(why).toEqual([
    ["again", "ad", "same_campaign"],
    ["own", "ad", "own_page"],
    ["paid", "ad", "payment_page"],
    ["excluded", "ad", "excluded_host"],
    ["bare", "ad", "no_signal"],
    ["route", "blog", "same_referrer"],
    ["named again", "named", "same_channel"],
    ["said", "named", "direct"],
    ["landing", "link", "its_click"],
    ["and again", "landing again", "its_click"],
  ]);
  expect(notCounted.find(({ id }) => id === "landing")?.wentOnWith).toMatchObject({
    type: "click",
    time: at(11),
  });
  const every = explain(detail, touches, { ...rules, sessionGapMs: "every_visit" }, false);
  expect(every.notCounted.some(({ reason }) => reason === "went_on")).toBe(false);
});

test("the rule that named a channel, or that its sender did", () => {
  const touches = [
    touch("a", T0 + 1, { channel: "cpc", medium: "cpc" }),
    touch("b", T0 + 1, { channel: "paid_other", medium: "cpc" }),
    touch("c", T0 + 1, { channel: "direct", referrer: "https://www.paypal.com/checkout" }),
    touch("d", T0 + 1, { type: "impression", channel: "display" }),
  ];
  const { notCounted } = explain(detail, touches, WINDOWS, false);
  expect(notCounted.map(({ channelRule }) => channelRule)).toEqual([
    "explicit_channel",
    "paid_medium",
    "payment_provider",
    "impression",
  ]);
});

test("a touchpoint on the path that was not looked at has no rule", () => {
  expect(explain(detail, [], WINDOWS, true).touchpoints).toEqual(detail.touchpoints);
});

test("what a touchpoint's address holds that is not read is named, unless the tenant has it read", () => {
  const url = "https://shop.example/#utm_source=news";
  const touches = [touch("on", T0 - DAY_MS, { url }), touch("other", T0 - DAY_MS - 1, { url })];
  const { touchpoints, notCounted } = explain(detail, touches, WINDOWS, false);
  for (const one of [...touchpoints, ...notCounted]) {
    expect(one.hints).toEqual([expect.stringContaining("utm_source is in the fragment")]);
  }
  const utm = { fragments: true, escaped: false };
  const channels = new TenantRules({ rules: [], excludedReferrers: [], utm });
  const read = explain(detail, touches, { ...WINDOWS, channels }, false);
  expect(read.touchpoints[0]).not.toHaveProperty("hints");
});
