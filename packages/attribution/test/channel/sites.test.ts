import { describe, expect, test } from "vitest";
import { PAYMENT_PROVIDER_HOSTS } from "../../src/channel/payment-providers.ts";
import { SEARCH_HOSTS, SEARCH_NAMES } from "../../src/channel/search-engines.ts";
import { SHOPPING_HOSTS, SHOPPING_NAMES } from "../../src/channel/shopping-sites.ts";
import { isPaymentProvider, siteOfHost, siteOfSource } from "../../src/channel/sites.ts";
import { SOCIAL_HOSTS, SOCIAL_NAMES } from "../../src/channel/social-networks.ts";
import { VIDEO_HOSTS, VIDEO_NAMES } from "../../src/channel/video-sites.ts";
import { WEBMAIL_HOSTS } from "../../src/channel/webmail.ts";

describe("the lists", () => {
  const lists = [
    SEARCH_HOSTS,
    SOCIAL_HOSTS,
    SHOPPING_HOSTS,
    VIDEO_HOSTS,
    WEBMAIL_HOSTS,
    PAYMENT_PROVIDER_HOSTS,
  ];
  const names = [SEARCH_NAMES, SOCIAL_NAMES, SHOPPING_NAMES, VIDEO_NAMES];

  test("name no host and no source twice", () => {
    const hosts = lists.flatMap((list) => [...list]);
    expect(hosts.filter((host, i) => hosts.indexOf(host) !== i)).toEqual([]);
    const sources = names.flatMap((list) => [...list]);
    expect(sources.filter((source, i) => sources.indexOf(source) !== i)).toEqual([]);
  });

  test("hold lower-case hosts without www", () => {
    for (const host of lists.flat()) expect(host).toMatch(/^(?!www\.)[a-z0-9-]+(\.[a-z0-9_-]+)+$/);
  });
});

test.each([
  ["google.com", "search"],
  ["google.de", "search"],
  ["google.co.uk", "search"],
  ["google.com.br", "search"],
  ["images.google.fr", "search"],
  ["de.search.yahoo.com", "search"],
  ["search.yahoo.co.jp", "search"],
  ["yandex.ru", "search"],
  ["shopping.google.com", "shopping"],
  ["groups.google.com", "social"],
  ["mail.google.com", "email"],
  ["us-mg6.mail.yahoo.com", "email"],
  ["smile.amazon.co.jp", "shopping"],
  ["aws.amazon.com", undefined],
  ["accounts.google.com", undefined],
  ["google.example", undefined],
  ["google.com.example", undefined],
  ["a.b.c.d.e.f.google.com.example.org", undefined],
  ["notgoogle.com", undefined],
  ["pay.google.com", undefined],
  ["blog.naver.com", "social"],
  ["search.naver.com", "search"],
  ["m.youtube.com", "video"],
  ["com", undefined],
  ["", undefined],
  [".", undefined],
  [`${"a.".repeat(200)}google.com`, undefined],
])("the host %s is %s", (host, site) => {
  expect(siteOfHost(host)).toBe(site);
});

test.each([
  ["google", "search"],
  ["fb", "social"],
  ["yt", "video"],
  ["google shopping", "shopping"],
  ["www.facebook.com", "social"],
  ["l.instagram.com", "social"],
  ["newsletter", undefined],
  ["com", undefined],
])("the source %s is %s", (source, site) => {
  expect(siteOfSource(source)).toBe(site);
});

test.each([
  ["paypal.com", true],
  ["www.paypal.com", true],
  ["checkout.stripe.com", true],
  ["stripe.com", false],
  ["mypaypal.com", false],
  ["paypal.com.example", false],
])("%s takes payments: %s", (host, expected) => {
  expect(isPaymentProvider(host)).toBe(expected);
});
