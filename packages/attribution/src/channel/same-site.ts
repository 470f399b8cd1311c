import { getDomain } from "tldts";

const OPTIONS = {
  // Shops on one platform (myshopify.com, github.io) are sites of their own.
  allowPrivateDomains: true,
  extractHostname: false,
  validateHostname: false,
  mixedInputs: false,
};

/**
 * The site that a host belongs to: its registrable domain by the Public Suffix List (https://publicsuffix.org), private suffixes
 * included. `blog.shop.co.uk` is of `shop.co.uk`, `a.myshopify.com` is a site itself. An address, or a name that is a suffix
 * itself, stands for itself.
 * @param host in lower case
 * Cost: about 0.3 µs.
 */
export function siteOf(host: string): string {
  return getDomain(host, OPTIONS) ?? host;
}

/** Whether two hosts (lower case) are of one site: `blog.shop.example` and `www.shop.example`. */
export function isSameSite(one: string, other: string): boolean {
  if (one === other) return true;
  return shareTwoLabels(one, other) && siteOf(one) === siteOf(other);
}

const DOT = 46;

/** Whether two different hosts end in the same two labels. Most referrers are strangers, which this tells at once. */
function shareTwoLabels(one: string, other: string): boolean {
  let i = one.length - 1;
  let j = other.length - 1;
  let dots = 0;
  for (; i >= 0 && j >= 0 && one.charCodeAt(i) === other.charCodeAt(j); i -= 1, j -= 1) {
    if (one.charCodeAt(i) === DOT) dots += 1;
  }
  if (dots !== 1) return dots > 1;
  // One is the other's parent: the labels end where one of them begins.
  return (i < 0 && other.charCodeAt(j) === DOT) || (j < 0 && one.charCodeAt(i) === DOT);
}
