/**
 * Hosts that a visitor passes through to sign in, with all of their subdomains, and pages of sites that are something else
 * besides. A visit that returns from one goes on with the visit before, as one from a payment page does.
 *
 * Sources: the providers' documentation of their authorization addresses: Google
 * (https://developers.google.com/identity/protocols/oauth2/web-server), Apple
 * (https://developer.apple.com/documentation/signinwithapple), Microsoft
 * (https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud), Auth0
 * (https://auth0.com/docs/customize/custom-domains), Okta (https://developer.okta.com/docs/concepts/okta-organizations/),
 * Amazon Cognito, Facebook (https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow); the national
 * schemes' public hosts.
 */
export const SIGN_IN_HOSTS = [
  "access.line.me",
  "account.live.com",
  "account.samsung.com",
  "account.xiaomi.com",
  "accounts.dev",
  "accounts.google.com",
  "accounts.kakao.com",
  "accounts.shopify.com",
  "accounts.snapchat.com",
  "accounts.spotify.com",
  "accounts.youtube.com",
  "accounts.zoho.com",
  "amazoncognito.com",
  "api.login.yahoo.com",
  "api.twitter.com",
  "api.workos.com",
  "appleid.apple.com",
  "auth.openai.com",
  "auth0.com",
  "authkit.app",
  "b2clogin.com",
  "bankid.com",
  "bankid.no",
  "ciamlogin.com",
  "digid.nl",
  "franceconnect.gouv.fr",
  "freja.com",
  "frejaeid.com",
  "fusionauth.io",
  "grandid.com",
  "id.atlassian.com",
  "id.me",
  "id.twitch.tv",
  "id.vk.com",
  "id.vk.ru",
  "idmsa.apple.com",
  "idporten.no",
  "itsme.be",
  "itsme.services",
  "kauth.kakao.com",
  "login.aol.com",
  "login.gov",
  "login.live.com",
  "login.microsoft.com",
  "login.microsoftonline.com",
  "login.microsoftonline.de",
  "login.microsoftonline.us",
  "login.partner.microsoftonline.cn",
  "login.windows.net",
  "login.yahoo.co.jp",
  "login.yahoo.com",
  "magic.link",
  "mitid.dk",
  "netid.de",
  "nid.naver.com",
  "oauth.telegram.org",
  "oauth.vk.com",
  "oauth.yandex.ru",
  "okta-emea.com",
  "okta.com",
  "oktapreview.com",
  "onelogin.com",
  "open.weixin.qq.com",
  "passport.yandex.com",
  "passport.yandex.ru",
  "pingidentity.com",
  "pingone.com",
  "pingone.eu",
  "privy.io",
  "signicat.com",
  "spid.gov.it",
  "stytch.com",
  "swissid.ch",
  "verimi.com",
  "verimi.de",
  "xaccount.qq.com",
] as const;

/** What the path of every sign-in page below has, so that other paths are ruled out at once. */
export const SIGN_IN_PATH = /login|oauth|auth|session|uas|\/ap\//;

/**
 * Paths of sign-in pages on sites that people also follow links from, by registrable domain, where the referrer still has its
 * path. Browsers cut the path by default (Referrer-Policy `strict-origin-when-cross-origin`): such a visit counts as one from the
 * site.
 */
export const SIGN_IN_PATHS: ReadonlyMap<string, RegExp> = new Map([
  ["amazon.com", /^\/ap\//],
  ["discord.com", /^\/(?:api\/)?oauth2\//],
  ["facebook.com", /^\/(?:v\d+\.\d+\/)?(?:dialog\/oauth|login)/],
  ["github.com", /^\/(?:login|sessions?)(?:[/?]|$)/],
  ["linkedin.com", /^\/(?:oauth|uas)\//],
  ["reddit.com", /^\/api\/v1\/authorize/],
  ["shopify.com", /^\/(?:authentication|\d+\/auth)\//],
  ["tiktok.com", /^\/v2\/auth\//],
  ["twitter.com", /^\/i\/oauth2\//],
  ["x.com", /^\/i\/oauth2\//],
]);
