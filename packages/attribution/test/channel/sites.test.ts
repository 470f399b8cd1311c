import { describe, expect, test } from "vitest";
import { readdirSync } from "node:fs";
import { AI_ASSISTANT_HOSTS, AI_ASSISTANT_NAMES } from "../../src/channel/lists/ai-assistants.ts";
import { CARD_ISSUER_HOSTS } from "../../src/channel/lists/card-issuers.ts";
import { EUROPEAN_PAYMENT_HOSTS } from "../../src/channel/lists/payment-providers-europe.ts";
import { PAYMENT_PROVIDER_HOSTS } from "../../src/channel/lists/payment-providers.ts";
import {
  SEARCH_HOSTS,
  SEARCH_NAMES,
  SEARCH_PORTALS,
} from "../../src/channel/lists/search-engines.ts";
import {
  SHOPPING_HOSTS,
  SHOPPING_NAMES,
  SHOPPING_PORTALS,
} from "../../src/channel/lists/shopping-sites.ts";
import { SIGN_IN_HOSTS } from "../../src/channel/lists/sign-in-providers.ts";
import { COMMUNITY_HOSTS, COMMUNITY_NAMES } from "../../src/channel/lists/social-communities.ts";
import { SOCIAL_HOSTS, SOCIAL_NAMES } from "../../src/channel/lists/social-networks.ts";
import { VIDEO_HOSTS, VIDEO_NAMES } from "../../src/channel/lists/video-sites.ts";
import { WEBMAIL_HOSTS } from "../../src/channel/lists/webmail.ts";
import { passedThrough, siteOfHost, siteOfSource } from "../../src/channel/sites.ts";

describe("the lists", () => {
  const lists = [
    SEARCH_HOSTS,
    SOCIAL_HOSTS,
    SHOPPING_HOSTS,
    VIDEO_HOSTS,
    WEBMAIL_HOSTS,
    AI_ASSISTANT_HOSTS,
    CARD_ISSUER_HOSTS,
    COMMUNITY_HOSTS,
    EUROPEAN_PAYMENT_HOSTS,
    PAYMENT_PROVIDER_HOSTS,
    SEARCH_PORTALS,
    SHOPPING_PORTALS,
    SIGN_IN_HOSTS,
  ];
  const names = [
    AI_ASSISTANT_NAMES,
    COMMUNITY_NAMES,
    SEARCH_NAMES,
    SOCIAL_NAMES,
    SHOPPING_NAMES,
    VIDEO_NAMES,
  ];

  test("are all here", () => {
    const folder = new URL("../../src/channel/lists/", import.meta.url);
    expect(readdirSync(folder).length).toBe(11);
  });

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
  ["chatgpt.com", "ai"],
  ["chat.openai.com", "ai"],
  ["gemini.google.com", "ai"],
  ["copilot.microsoft.com", "ai"],
  ["claude.ai", "ai"],
  ["www.perplexity.ai", "ai"],
  ["chat.deepseek.com", "ai"],
  ["grok.com", "ai"],
  ["chat.mistral.ai", "ai"],
  ["meta.ai", "ai"],
  ["you.com", "ai"],
  ["poe.com", "ai"],
  ["phind.com", "ai"],
  ["com.openai.chatgpt", "ai"],
  ["openai.com", undefined],
  ["onet.pl", "search"],
  ["sport.onet.pl", undefined],
  ["msn.com", "search"],
  ["shopify.com", "shopping"],
  ["bebo.com", "social"],
  ["bit.ly", "social"],
  ["nicovideo.jp", "social"],
  ["iq.com", "video"],
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
  ["chatgpt.com", "ai"],
  ["chatgpt", "ai"],
  ["perplexity", "ai"],
  ["openai", "ai"],
  ["shop_app", "shopping"],
  ["onet", "search"],
  ["skype", "social"],
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
  ["hooks.stripe.com", true],
  ["shop.app", true],
  ["pay.ideal.nl", true],
  ["ideal.ing.nl", true],
  ["sis.redsys.es", true],
  ["pay.twint.ch", true],
  ["secure.przelewy24.pl", true],
  ["secure.payu.com", true],
  ["blik.com", true],
  ["eps-ueberweisung.at", true],
  ["app.swish.nu", true],
  ["api.vipps.no", true],
  ["products.mobilepay.dk", true],
  ["wx.tenpay.com", true],
  ["portal.clearpay.co.uk", true],
  ["acs.netcetera.ch", true],
  ["natixispaymentsolutions-3ds-vdm.wlp-acs.com", true],
  ["secure5.arcot.com", true],
  // Issuers choose their own hosts.
  ["acs1.somebank.example", true],
  ["acs.somebank.co.uk", true],
  ["3ds.somebank.example", true],
  ["3dsecure.somebank.example", true],
  ["german-3dsecure.somebank.example", true],
  ["3d-secure.somebank.example", true],
  ["verifiedbyvisa.somebank.example", true],
  ["acs.org", false],
  ["acs.co.uk", false],
  ["pubs.acs.org", false],
  ["acsomething.somebank.example", false],
  ["paypal.com.example", false],
])("%s takes payments: %s", (host, expected) => {
  expect(passedThrough(host, "") === "payment_provider").toBe(expected);
});

test.each([
  ["accounts.google.com", "", true],
  ["appleid.apple.com", "/auth/authorize", true],
  ["login.microsoftonline.com", "/", true],
  ["shop.eu.auth0.com", "/", true],
  ["shop.okta.com", "/", true],
  ["facebook.com", "/v19.0/dialog/oauth", true],
  ["m.facebook.com", "/login.php", true],
  ["facebook.com", "/", false],
  ["facebook.com", "/groups/login", false],
  ["github.com", "/login/oauth/authorize", true],
  ["github.com", "/loginizer/repository", false],
  ["google.com", "/search", false],
  ["myokta.com", "/", false],
  ["constructor", "/login", false],
])("%s%s is for signing in: %s", (host, path, expected) => {
  expect(passedThrough(host, `https://${host}${path}`) === "sign_in").toBe(expected);
});
