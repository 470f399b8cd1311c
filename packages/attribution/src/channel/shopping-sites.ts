/**
 * Marketplaces and price comparison, by the name a `utm_source` gives them, and by host.
 *
 * Sources: the sites' public hosts; the choice follows GA4's source categories
 * (https://support.google.com/analytics/answer/9756891).
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
  "lazada",
  "mercadolibre",
  "rakuten",
  "shein",
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
  "alibaba.com",
  "allegro.pl",
  "americanas.com.br",
  "backmarket.com",
  "bol.com",
  "cdiscount.com",
  "coupang.com",
  "etsy.com",
  "flipkart.com",
  "fnac.com",
  "jd.com",
  "otto.de",
  "ozon.ru",
  "rakuten.co.jp",
  "rakuten.com",
  "shop.app",
  "shop.tiktok.com",
  "shopping.com",
  "shopping.google.com",
  "shopping.naver.com",
  "shopping.yahoo.co.jp",
  "shopzilla.com",
  "taobao.com",
  "target.com",
  "temu.com",
  "tmall.com",
  "tokopedia.com",
  "trendyol.com",
  "vinted.com",
  "walmart.com",
  "wildberries.ru",
  "wish.com",
] as const;
