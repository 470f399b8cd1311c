/**
 * Search engines, by the name a `utm_source` gives them, and by host. Of the engines that are also
 * portals (`SEARCH_BRANDS`) only the search hosts count: `finance.yahoo.com` is a plain referrer.
 *
 * Sources: the public result hosts of each engine; the engines are those of GA4's source categories
 * (https://support.google.com/analytics/answer/9756891) and Matomo's search engine list.
 */
export const SEARCH_NAMES = [
  "360.cn",
  "adwords",
  "alice",
  "aol",
  "ask",
  "baidu",
  "bing",
  "bing ads",
  "bingads",
  "brave",
  "coccoc",
  "daum",
  "dogpile",
  "duckduckgo",
  "ecosia",
  "google",
  "google ads",
  "google_ads",
  "googleads",
  "kagi",
  "lycos",
  "metager",
  "microsoft ads",
  "mojeek",
  "naver",
  "perplexity",
  "petalsearch",
  "qwant",
  "rambler",
  "seznam",
  "sogou",
  "startpage",
  "swisscows",
  "yahoo",
  "yahoo!",
  "yandex",
  "yandex.direct",
  "you.com",
] as const;

/** Under any country's domain: google.de, google.co.uk, search.yahoo.co.jp. */
export const SEARCH_BRANDS = ["bing", "google", "yahoo", "yandex"] as const;

/** Labels that may stand before a search brand; a country's two letters may as well (`uk.search.yahoo.com`). */
export const SEARCH_SUBDOMAINS = [
  "cse",
  "images",
  "lens",
  "m",
  "news",
  "r",
  "search",
  "syndicatedsearch",
  "www",
  "www2",
] as const;

/** With all of their subdomains. */
export const SEARCH_HOSTS = [
  "ask.com",
  "baidu.com",
  "coccoc.com",
  "daum.net",
  "dogpile.com",
  "duckduckgo.com",
  "ecosia.org",
  "go.mail.ru",
  "goo.ne.jp",
  "kagi.com",
  "lycos.com",
  "metager.de",
  "metager.org",
  "mojeek.com",
  "naver.com",
  "nova.rambler.ru",
  "perplexity.ai",
  "petalsearch.com",
  "presearch.com",
  "qwant.com",
  "search.aol.com",
  "search.auone.jp",
  "search.biglobe.ne.jp",
  "search.brave.com",
  "search.onet.pl",
  "search.seznam.cz",
  "sm.cn",
  "so.com",
  "sogou.com",
  "startpage.com",
  "suche.t-online.de",
  "suche.web.de",
  "swisscows.com",
  "szukaj.wp.pl",
  "ya.ru",
  "yep.com",
  "you.com",
  // Android apps, as android-app:// referrers name them.
  "com.duckduckgo.mobile.android",
  "com.google.android.googlequicksearchbox",
  "com.microsoft.bing",
] as const;
