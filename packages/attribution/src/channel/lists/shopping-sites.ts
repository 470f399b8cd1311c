/**
 * Marketplaces and price comparison, by the name a `utm_source` gives them, and by host.
 *
 * Sources: the sites' public hosts; GA4's list of sources and their categories, which
 * https://support.google.com/analytics/answer/9756891 links to. GA4 counts Rakuten as search and Stripe as shopping: here Rakuten is
 * shopping, and Stripe takes payments.
 */
export const SHOPPING_NAMES = [
  "alibaba",
  "aliexpress",
  "allegro",
  "amazon",
  "ebay",
  "etsy",
  "flipkart",
  "google shopping",
  "google_shopping",
  "idealo",
  "igshopping",
  "lazada",
  "mercadolibre",
  "rakuten",
  "shein",
  "shop app",
  "shop.app",
  "shop_app",
  "shopee",
  "shopify",
  "shopping.com",
  "shopzilla",
  "temu",
  "walmart",
  "wish",
  "zalando",
] as const;

/** Under any country's domain: amazon.de, ebay.co.uk, shopee.co.th. */
export const SHOPPING_BRANDS = [
  "aliexpress",
  "amazon",
  "ebay",
  "emag",
  "idealo",
  "kelkoo",
  "lazada",
  "mercadolibre",
  "mercadolivre",
  "pricerunner",
  "shein",
  "shopee",
  "zalando",
] as const;

/** With all of their subdomains. */
export const SHOPPING_HOSTS = [
  "1688.com",
  "aax-us-east.amazon-adsystem.com",
  "aax.amazon-adsystem.com",
  "alibaba.com",
  "allegro.pl",
  "americanas.com.br",
  "apps.shopify.com",
  "backmarket.com",
  "bol.com",
  "cdiscount.com",
  "coupang.com",
  "etsy.com",
  "flipkart.com",
  "fnac.com",
  "jd.com",
  "nl.shopping.net",
  "no.shopping.net",
  "otto.de",
  "ozon.ru",
  "partners.shopify.com",
  "rakuten.co.jp",
  "rakuten.com",
  "se.shopping.net",
  "shop.tiktok.com",
  "shopping.com",
  "shopping.google.com",
  "shopping.naver.com",
  "shopping.yahoo.co.jp",
  "shopping.yahoo.com",
  "shopzilla.com",
  "simplycodes.com",
  "taobao.com",
  "target.com",
  "temu.com",
  "tmall.com",
  "tokopedia.com",
  "trendyol.com",
  "uk.shopping.net",
  "vinted.com",
  "walmart.com",
  "wildberries.ru",
  "wish.com",
] as const;

/** Counted without their subdomains, which are shops, sign-in pages and files of others. */
export const SHOPPING_PORTALS = ["s3.amazonaws.com", "shopify.com"] as const;
