/**
 * Webmail hosts, with all of their subdomains: a link opened from an inbox is email, although its referrer
 * looks like a search portal's. GA4 has no such list and shows these as referrals.
 *
 * Source: the providers' public inbox hosts.
 */
export const WEBMAIL_HOSTS = [
  "e.mail.ru",
  "email.seznam.cz",
  "email.t-online.de",
  "fastmail.com",
  "mail.aol.com",
  "mail.google.com",
  "mail.naver.com",
  "mail.proton.me",
  "mail.qq.com",
  "mail.rambler.ru",
  "mail.yahoo.co.jp",
  "mail.yahoo.com",
  "mail.yandex.com",
  "mail.yandex.ru",
  "mail.zoho.com",
  "navigator-bs.gmx.com",
  "navigator-bs.gmx.net",
  "navigator.gmx.net",
  "navigator.web.de",
  "outlook.live.com",
  "outlook.office.com",
  "outlook.office365.com",
  "poczta.onet.pl",
  "poczta.wp.pl",
  // Android apps, as android-app:// referrers name them.
  "com.google.android.gm",
  "com.microsoft.office.outlook",
  "com.yahoo.mobile.client.android.mail",
] as const;
