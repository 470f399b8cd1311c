import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { CHANNELS } from "../../src/channel/channels.ts";
import { CHANNEL_RULES, classifyChannel, type ChannelSignal } from "../../src/channel/classify.ts";

type Row = readonly [signal: Partial<ChannelSignal>, channel: string, rule: string];

const SHOP = "https://shop.example/landing";

const EXPLICIT: readonly Row[] = [
  [{ channel: "podcast" }, "podcast", "explicit_channel"],
  [
    { channel: "Paid Search", source: "facebook", medium: "cpc" },
    "Paid Search",
    "explicit_channel",
  ],
  [{ channel: " spaced ", url: `${SHOP}?gclid=1` }, " spaced ", "explicit_channel"],
  [{ channel: "direct", type: "impression" }, "direct", "explicit_channel"],
  [{ channel: "", source: "google" }, "organic_search", "source"],
  [{ channel: "  ", source: "google" }, "organic_search", "source"],
];

const PAID: readonly Row[] = [
  [
    { source: "google", medium: "cpc", campaign: "2026-Cross-Network-PMax" },
    "cross_network",
    "cross_network_campaign",
  ],
  [
    { url: `${SHOP}?utm_campaign=cross-network&gclid=x` },
    "cross_network",
    "cross_network_campaign",
  ],
  [{ source: "google", medium: "cpc" }, "paid_search", "paid_medium"],
  [{ source: "Google", medium: "CPC" }, "paid_search", "paid_medium"],
  [{ source: "bing", medium: "ppc" }, "paid_search", "paid_medium"],
  [{ source: "www.google.de", medium: "paid-search" }, "paid_search", "paid_medium"],
  [{ source: "google", medium: "cpm" }, "paid_search", "paid_medium"],
  [{ source: "facebook", medium: "paid_social" }, "paid_social", "paid_medium"],
  [{ source: "ig", medium: "paidsocial" }, "paid_social", "paid_medium"],
  [{ source: "linkedin.com", medium: "cpc" }, "paid_social", "paid_medium"],
  [{ source: "youtube", medium: "cpv" }, "paid_video", "paid_medium"],
  [{ source: "amazon", medium: "cpc" }, "paid_shopping", "paid_medium"],
  [{ source: "google", medium: "cpc", campaign: "eshop-winter" }, "paid_shopping", "paid_medium"],
  [{ source: "google", medium: "cpc", campaign: "workshop-winter" }, "paid_search", "paid_medium"],
  [{ source: "newspaper", medium: "retargeting" }, "paid_other", "paid_medium"],
  [{ source: "newspaper", medium: "ecpc" }, "paid_other", "paid_medium"],
  [{ source: "newspaper", medium: "retargeting2" }, "other", "unassigned"],
  [{ source: "newspaper", medium: "appc" }, "other", "unassigned"],
  [{ source: "newspaper", medium: "cpm" }, "display", "display_medium"],
  [{ source: "newspaper", medium: "banner" }, "display", "display_medium"],
  [{ source: "facebook", medium: "display" }, "display", "display_medium"],
  [{ medium: "interstitial" }, "display", "display_medium"],
  [{ medium: "cpc", referrer: "https://www.google.com/" }, "paid_search", "paid_medium"],
  [
    { source: "spring", medium: "cpc", referrer: "https://l.facebook.com/" },
    "paid_social",
    "paid_medium",
  ],
];

const CLICK_IDS: readonly Row[] = [
  [{ url: `${SHOP}?gclid=Cj0K` }, "paid_search", "paid_click_id"],
  [
    { url: `${SHOP}?gad_source=1&gclid=Cj0K`, referrer: "https://www.google.com/" },
    "paid_search",
    "paid_click_id",
  ],
  [{ url: `${SHOP}?gclid=Cj0K&gad_source=5` }, "paid_other", "paid_click_id"],
  [
    { url: `${SHOP}?gad_source=2&gbraid=0AA`, referrer: "https://www.youtube.com/" },
    "paid_video",
    "paid_click_id",
  ],
  [
    { url: `${SHOP}?gclid=`, referrer: "https://www.google.com/" },
    "organic_search",
    "referrer_site",
  ],
  [{ url: `${SHOP}?msclkid=9` }, "paid_search", "paid_click_id"],
  [{ url: `${SHOP}?ttclid=9` }, "paid_social", "paid_click_id"],
  [{ url: `${SHOP}?dclid=9` }, "display", "paid_click_id"],
  [{ url: `${SHOP}?dicbo=9` }, "paid_other", "paid_click_id"],
  [{ url: `${SHOP}?gclid=9&utm_medium=display&utm_source=google` }, "display", "display_medium"],
  [{ url: `${SHOP}?gclid=9&utm_campaign=shopping-de` }, "paid_shopping", "paid_click_id"],
  [{ url: `${SHOP}?GCLID=9` }, "direct", "no_signal"],
  [{ url: `${SHOP}#gclid=9` }, "direct", "no_signal"],
  [{ url: `${SHOP}?fbclid=IwAR` }, "organic_social", "click_id"],
  [{ url: `${SHOP}?fbclid=IwAR&utm_medium=cpc` }, "paid_social", "paid_medium"],
  [{ url: `${SHOP}?fbclid=IwAR&utm_source=spring&utm_medium=paid` }, "paid_social", "paid_medium"],
  [{ url: `${SHOP}?fbclid=IwAR&utm_medium=email` }, "email", "medium"],
  [
    { url: `${SHOP}?fbclid=IwAR`, source: "(direct)", medium: "(none)" },
    "organic_social",
    "click_id",
  ],
  [{ url: `${SHOP}?fbclid=IwAR&gclid=9` }, "paid_search", "paid_click_id"],
  [{ url: `${SHOP}?irclickid=9` }, "affiliates", "click_id"],
  [{ url: `${SHOP}?mc_eid=9` }, "email", "click_id"],
];

const DIRECT: readonly Row[] = [
  [{}, "direct", "no_signal"],
  [{ type: "click" }, "direct", "no_signal"],
  [{ url: SHOP }, "direct", "no_signal"],
  [{ source: "(direct)", medium: "(none)" }, "direct", "direct_source"],
  [{ source: "direct" }, "direct", "direct_source"],
  [
    { source: "(direct)", medium: "(not set)", referrer: "https://www.google.com/" },
    "direct",
    "direct_source",
  ],
  [{ source: "(not set)", medium: "null" }, "direct", "no_signal"],
  [{ url: SHOP, referrer: "https://shop.example/cart" }, "direct", "self_referral"],
  [{ url: SHOP, referrer: "https://www.shop.example/" }, "direct", "self_referral"],
  [{ url: SHOP, referrer: "http://SHOP.example:8080/" }, "direct", "self_referral"],
  [{ url: "https://pay.shop.example/done", referrer: SHOP }, "direct", "self_referral"],
  [{ url: SHOP, referrer: "https://notshop.example/" }, "referral", "referral"],
  [{ url: SHOP, referrer: "https://www.paypal.com/checkoutnow" }, "direct", "payment_provider"],
  [{ url: SHOP, referrer: "https://checkout.stripe.com/c/pay" }, "direct", "payment_provider"],
  [{ url: SHOP, referrer: "https://pay.klarna.com/eu" }, "direct", "payment_provider"],
  [
    { url: SHOP, referrer: "https://checkoutshopper-live.adyen.com/x" },
    "direct",
    "payment_provider",
  ],
  [{ url: SHOP, referrer: "https://pay.amazon.com/checkout" }, "direct", "payment_provider"],
  [{ url: SHOP, referrer: "https://stripe.com/blog" }, "referral", "referral"],
  [{ url: SHOP, referrer: "https://paypal.com.evil.example/" }, "referral", "referral"],
  [{ source: "paypal.com", medium: "referral" }, "direct", "payment_provider"],
  [{ url: SHOP, referrer: "https://acs1.somebank.example/pa" }, "direct", "payment_provider"],
  [{ url: SHOP, referrer: "https://accounts.google.com/" }, "direct", "sign_in"],
  [{ url: SHOP, referrer: "https://shop.eu.auth0.com/" }, "direct", "sign_in"],
  [{ url: SHOP, referrer: "https://www.facebook.com/v19.0/dialog/oauth?x=1" }, "direct", "sign_in"],
  [{ source: "accounts.google.com", medium: "referral" }, "direct", "sign_in"],
  [
    { url: "https://www.shop.example/", referrer: "https://blog.shop.example/" },
    "direct",
    "self_referral",
  ],
  [
    { url: "https://one.myshopify.com/", referrer: "https://two.myshopify.com/" },
    "referral",
    "referral",
  ],
  [
    { url: "https://one.myshopify.com/", referrer: "https://one.myshopify.com/cart" },
    "direct",
    "self_referral",
  ],
  [{ source: "klarna.com", medium: "cpc" }, "paid_other", "paid_medium"],
  [
    { url: `${SHOP}?utm_source=news&utm_medium=email`, referrer: "https://paypal.com/" },
    "email",
    "medium",
  ],
  [{ referrer: "javascript:alert(1)" }, "direct", "no_signal"],
];

const ORGANIC: readonly Row[] = [
  [{ referrer: "https://chatgpt.com/" }, "ai_assistant", "referrer_site"],
  [{ referrer: "https://gemini.google.com/app" }, "ai_assistant", "referrer_site"],
  [{ referrer: "android-app://com.openai.chatgpt/" }, "ai_assistant", "referrer_site"],
  [{ url: `${SHOP}?utm_source=chatgpt.com` }, "ai_assistant", "source"],
  [{ source: "Perplexity", medium: "referral" }, "ai_assistant", "source"],
  [{ source: "some-bot.example", medium: "ai-assistant" }, "ai_assistant", "medium"],
  [{ source: "chatgpt.com", medium: "cpc" }, "paid_other", "paid_medium"],
  [{ source: "ebay" }, "organic_shopping", "source"],
  [{ referrer: "https://www.amazon.co.uk/dp/1" }, "organic_shopping", "referrer_site"],
  [
    { source: "newsletter", medium: "email", campaign: "shop-opening" },
    "organic_shopping",
    "shopping_campaign",
  ],
  [{ source: "facebook" }, "organic_social", "source"],
  [{ source: "google", medium: "social" }, "organic_social", "medium"],
  [{ source: "hootsuite", medium: "social-media" }, "organic_social", "source"],
  [{ source: "some-tool", medium: "social-media" }, "organic_social", "medium"],
  [{ source: "m.facebook.com", medium: "referral" }, "organic_social", "source"],
  [{ referrer: "https://t.co/abc" }, "organic_social", "referrer_site"],
  [{ referrer: "https://www.pinterest.de/" }, "organic_social", "referrer_site"],
  [{ referrer: "android-app://com.instagram.android/" }, "organic_social", "referrer_site"],
  [{ referrer: "https://news.ycombinator.com/item?id=1" }, "organic_social", "referrer_site"],
  [{ source: "youtube", medium: "social" }, "organic_social", "medium"],
  [{ source: "youtube" }, "organic_video", "source"],
  [{ source: "partner", medium: "promo-video" }, "organic_video", "medium"],
  [{ referrer: "https://youtu.be/x" }, "organic_video", "referrer_site"],
  [{ source: "google", medium: "organic" }, "organic_search", "source"],
  [{ source: "unheard-of", medium: "organic" }, "organic_search", "medium"],
  [{ referrer: "https://www.google.com/" }, "organic_search", "referrer_site"],
  [{ referrer: "https://google.co.uk/search?q=x" }, "organic_search", "referrer_site"],
  [{ referrer: "www.google.com.br" }, "organic_search", "referrer_site"],
  [{ referrer: "https://uk.search.yahoo.com/" }, "organic_search", "referrer_site"],
  [{ referrer: "https://duckduckgo.com/" }, "organic_search", "referrer_site"],
  [
    { referrer: "android-app://com.google.android.googlequicksearchbox/" },
    "organic_search",
    "referrer_site",
  ],
  [{ referrer: "https://docs.google.com/document" }, "referral", "referral"],
  [{ referrer: "https://finance.yahoo.com/" }, "referral", "referral"],
  [{ referrer: "https://google.example/" }, "referral", "referral"],
  [{ referrer: "https://www.google.com.evil.example/" }, "referral", "referral"],
  [{ source: "spring-mailing", medium: "email" }, "email", "medium"],
  [{ source: "e-mail" }, "email", "source"],
  [{ source: "klaviyo", medium: "E-Mail" }, "email", "medium"],
  [{ referrer: "https://mail.google.com/" }, "email", "referrer_site"],
  [{ source: "awin", medium: "affiliate" }, "affiliates", "medium"],
  [{ source: "awin", medium: "affiliates" }, "affiliates", "medium"],
  [{ source: "spotify", medium: "audio" }, "audio", "medium"],
  [{ source: "sms" }, "sms", "source"],
  [{ source: "twilio", medium: "sms" }, "sms", "medium"],
  [{ source: "braze", medium: "web-push" }, "mobile_push_notifications", "medium"],
  [{ source: "braze", medium: "mobile" }, "mobile_push_notifications", "medium"],
  [{ source: "braze", medium: "in-app-notification" }, "mobile_push_notifications", "medium"],
  [{ source: "firebase" }, "mobile_push_notifications", "source"],
  [{ source: "partner", medium: "referral" }, "referral", "medium"],
  [{ source: "partner", medium: "link" }, "referral", "medium"],
  [{ referrer: "https://blog.example/post" }, "referral", "referral"],
  [{ source: "partner", referrer: "https://blog.example/post" }, "referral", "referral"],
  [{ referrer: "blog.example/post" }, "referral", "referral"],
  [{ source: "partner" }, "other", "unassigned"],
  [{ source: "partner", medium: "newsletter" }, "other", "unassigned"],
  [{ campaign: "autumn" }, "other", "unassigned"],
];

const TAGS_AND_TYPES: readonly Row[] = [
  [{ url: `${SHOP}?utm_source=google&utm_medium=cpc` }, "paid_search", "paid_medium"],
  [
    { url: `${SHOP}?utm_source=google&utm_medium=cpc`, source: "facebook" },
    "paid_social",
    "paid_medium",
  ],
  [
    { url: `${SHOP}?utm_source=google&utm_medium=cpc`, medium: "email" },
    "organic_search",
    "source",
  ],
  [
    { url: `${SHOP}?utm_source=google&utm_medium=cpc`, medium: "(not set)" },
    "paid_search",
    "paid_medium",
  ],
  [{ url: "/landing?utm_source=face%62ook&utm_medium=paid+social" }, "paid_social", "paid_medium"],
  [{ type: "impression" }, "display", "impression"],
  [{ type: "impression", url: SHOP, referrer: "https://shop.example/" }, "display", "impression"],
  [{ type: "impression", source: "facebook", medium: "cpm" }, "paid_social", "paid_medium"],
  // A pixel on a page of others: the page that showed it is no way by which somebody came.
  [{ type: "impression", campaign: "spring" }, "display", "impression"],
  [
    { type: "impression", campaign: "spring", referrer: "https://news.example/" },
    "display",
    "impression",
  ],
  [{ type: "impression", referrer: "https://www.facebook.com/" }, "display", "impression"],
  [
    { type: "impression", source: "partner", referrer: "https://news.example/" },
    "display",
    "impression",
  ],
  [
    { type: "impression", medium: "cpc", referrer: "https://www.google.com/" },
    "paid_search",
    "paid_medium",
  ],
  [
    { type: "impression", source: "facebook", referrer: "https://news.example/" },
    "organic_social",
    "source",
  ],
  [
    { type: "impression", source: "news", medium: "email", referrer: "https://mail.google.com/" },
    "email",
    "medium",
  ],
  [{ type: "impression", source: "partner", medium: "newsletter" }, "other", "unassigned"],
  [{ type: "custom", source: "google" }, "organic_search", "source"],
];

describe.each([
  ["explicit channel", EXPLICIT],
  ["cross-network and paid", PAID],
  ["click identifiers", CLICK_IDS],
  ["direct", DIRECT],
  ["organic", ORGANIC],
  ["UTM parameters and event types", TAGS_AND_TYPES],
])("%s", (_, rows) => {
  test.each(rows)("%o is %s by %s", (signal, channel, rule) => {
    expect(classifyChannel({ type: "visit", ...signal })).toEqual({ channel, rule });
  });
});

describe("any strings", () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.constantFrom(
      "http://",
      "https://[::1",
      "https://[::1]/",
      "https://%",
      "https://exa mple.com/?utm_source=%E0%A4%A",
      "//",
      "?",
      "#",
      "?&&==&utm_source",
      "javascript:alert(1)",
      "data:text/html,<script>",
      "https://xn--/",
      "https://пример.рф/?utm_medium=cpc",
      "https://a@b:c@d/",
      `https://${"a.".repeat(5000)}com/`,
      `https://shop.example/?${"utm_source=x&".repeat(100_000)}`,
      "https://shop.example/?__proto__=1&constructor=2",
      "__proto__",
      "constructor",
      "\u0000",
      "\uD800",
    ),
  );
  const signals: fc.Arbitrary<ChannelSignal> = fc.record(
    {
      type: fc.oneof(fc.constantFrom("impression", "click", "visit", "custom"), hostile),
      source: hostile,
      medium: hostile,
      campaign: hostile,
      referrer: hostile,
      url: hostile,
    },
    { requiredKeys: ["type"] },
  );

  test("never throw, and give one of the channels by one of the rules", () => {
    fc.assert(
      fc.property(signals, (signal) => {
        const { channel, rule } = classifyChannel(signal);
        expect(CHANNELS).toContain(channel);
        expect(CHANNEL_RULES).toContain(rule);
        expect(rule).not.toBe("explicit_channel");
      }),
      { numRuns: runs(3000) },
    );
  });

  test("an explicit channel always wins, as it is", () => {
    fc.assert(
      fc.property(signals, hostile, (signal, channel) => {
        fc.pre(channel.trim() !== "");
        expect(classifyChannel({ ...signal, channel })).toEqual({
          channel,
          rule: "explicit_channel",
        });
      }),
    );
  });

  test("an impression is never direct", () => {
    fc.assert(
      fc.property(signals, (signal) => {
        expect(classifyChannel({ ...signal, type: "impression" }).channel).not.toBe("direct");
      }),
    );
  });

  test("case and surrounding spaces change nothing", () => {
    const word = fc.constantFrom(
      "google",
      "facebook",
      "cpc",
      "email",
      "display",
      "(direct)",
      "shop",
      "push",
      "partner",
    );
    fc.assert(
      fc.property(word, word, word, (source, medium, campaign) => {
        const shout = (text: string): string => ` ${text.toUpperCase()} `;
        expect(
          classifyChannel({
            type: "visit",
            source: shout(source),
            medium: shout(medium),
            campaign: shout(campaign),
          }),
        ).toEqual(classifyChannel({ type: "visit", source, medium, campaign }));
      }),
    );
  });
});
