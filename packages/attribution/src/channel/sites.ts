import type { Site } from "./channels.ts";
import { AI_ASSISTANT_HOSTS, AI_ASSISTANT_NAMES } from "./lists/ai-assistants.ts";
import { CARD_ISSUER_HOSTS } from "./lists/card-issuers.ts";
import { EUROPEAN_PAYMENT_HOSTS } from "./lists/payment-providers-europe.ts";
import { PAYMENT_PROVIDER_HOSTS } from "./lists/payment-providers.ts";
import {
  SEARCH_BRANDS,
  SEARCH_HOSTS,
  SEARCH_NAMES,
  SEARCH_PORTALS,
  SEARCH_SUBDOMAINS,
} from "./lists/search-engines.ts";
import {
  SHOPPING_BRANDS,
  SHOPPING_HOSTS,
  SHOPPING_NAMES,
  SHOPPING_PORTALS,
} from "./lists/shopping-sites.ts";
import { SIGN_IN_HOSTS, SIGN_IN_PATH, SIGN_IN_PATHS } from "./lists/sign-in-providers.ts";
import { COMMUNITY_HOSTS, COMMUNITY_NAMES } from "./lists/social-communities.ts";
import { SOCIAL_BRANDS, SOCIAL_HOSTS, SOCIAL_NAMES } from "./lists/social-networks.ts";
import { VIDEO_HOSTS, VIDEO_NAMES } from "./lists/video-sites.ts";
import { WEBMAIL_HOSTS } from "./lists/webmail.ts";
import { siteOf } from "./same-site.ts";
import { MAX_HOST_LENGTH, pathOf } from "./url.ts";

type Listed = Site | "plain" | "payment" | "sign_in";

/** Hosts under a listed brand or host that are of another kind. */
const PLAIN_HOSTS = [
  "aws.amazon.com",
  "developer.amazon.com",
  "developers.facebook.com",
  "developer.linkedin.com",
] as const;

const NAMES = new Map<string, Site>();
const HOSTS = new Map<string, Listed>();
/** Without their subdomains. */
const PORTALS = new Map<string, Site>();
const BRANDS = new Map<string, Site>();
const SEARCH_SUBDOMAIN_SET: ReadonlySet<string> = new Set(SEARCH_SUBDOMAINS);
/** The second-level labels under which a country sells names: co.uk, com.br, ne.jp. */
const SECOND_LEVEL: ReadonlySet<string> = new Set(["co", "com", "ne", "net", "or", "org"]);

/**
 * The first label of a card issuer's host where it confirms payments: `acs1.bank.example`, `3dsecure.bank.example`. Only where
 * it is a subdomain: acs.org is a society's.
 */
const ISSUER_LABEL =
  /^(?:acs\d*|3ds\d?|(?:[a-z0-9-]+-)?3d-?secure\d*(?:-[a-z0-9-]+)?|verified-?by-?visa|mastercardsecurecode)\./;

fill(NAMES, AI_ASSISTANT_NAMES, "ai");
fill(NAMES, SEARCH_NAMES, "search");
fill(NAMES, COMMUNITY_NAMES, "social");
fill(NAMES, SOCIAL_NAMES, "social");
fill(NAMES, SHOPPING_NAMES, "shopping");
fill(NAMES, VIDEO_NAMES, "video");
fill(HOSTS, AI_ASSISTANT_HOSTS, "ai");
fill(HOSTS, SEARCH_HOSTS, "search");
fill(HOSTS, COMMUNITY_HOSTS, "social");
fill(HOSTS, SOCIAL_HOSTS, "social");
fill(HOSTS, SHOPPING_HOSTS, "shopping");
fill(HOSTS, VIDEO_HOSTS, "video");
fill(HOSTS, WEBMAIL_HOSTS, "email");
fill(HOSTS, PAYMENT_PROVIDER_HOSTS, "payment");
fill(HOSTS, EUROPEAN_PAYMENT_HOSTS, "payment");
fill(HOSTS, CARD_ISSUER_HOSTS, "payment");
fill(HOSTS, SIGN_IN_HOSTS, "sign_in");
fill(HOSTS, PLAIN_HOSTS, "plain");
fill(PORTALS, SEARCH_PORTALS, "search");
fill(PORTALS, SHOPPING_PORTALS, "shopping");
fill(BRANDS, SEARCH_BRANDS, "search");
fill(BRANDS, SOCIAL_BRANDS, "social");
fill(BRANDS, SHOPPING_BRANDS, "shopping");

function fill<Kind>(map: Map<string, Kind>, keys: readonly string[], kind: Kind): void {
  for (const key of keys) map.set(key, kind);
}

/** The kind of site that a `source` (lower case) names: a listed name (`google`, `fb`) or a host. */
export function siteOfSource(source: string): Site | undefined {
  return NAMES.get(source) ?? (source.includes(".") ? siteOfHost(source) : undefined);
}

/** The kind of site at a host (lower case); undefined where it is none of the listed. */
export function siteOfHost(host: string): Site | undefined {
  const listed = listedHost(host);
  if (listed === undefined) return siteOfBrand(host);
  return listed === "plain" || listed === "payment" || listed === "sign_in" ? undefined : listed;
}

/** What a page is for that visitors pass through and that brings nobody. */
export type PassedThrough = "payment_provider" | "sign_in";

/**
 * Whether visitors pass through a page to pay (a payment provider's or a bank's page) or to sign in.
 * @param host in lower case, without `www.` @param url the page's, whose path counts on sites that have other pages besides;
 * "" where only the host is known
 */
export function passedThrough(host: string, url: string): PassedThrough | undefined {
  const listed = listedHost(host);
  if (listed === "payment") return "payment_provider";
  if (listed === "sign_in") return "sign_in";
  if (host.length > MAX_HOST_LENGTH) return undefined;
  if (listed === undefined && ISSUER_LABEL.test(host) && siteOf(host) !== host)
    return "payment_provider";
  return isSignInPath(host, url) ? "sign_in" : undefined;
}

function isSignInPath(host: string, url: string): boolean {
  const path = pathOf(url);
  // Browsers cut the path by default, so most have none.
  if (path.length <= 1 || !SIGN_IN_PATH.test(path)) return false;
  return SIGN_IN_PATHS.get(siteOf(host))?.test(path) === true;
}

/** The entry of the host or of the nearest parent domain that has one. */
function listedHost(host: string): Listed | undefined {
  if (host.length > MAX_HOST_LENGTH) return undefined;
  const portal = PORTALS.get(host);
  if (portal !== undefined) return portal;
  for (let at = 0; ;) {
    const found = HOSTS.get(at === 0 ? host : host.slice(at));
    if (found !== undefined) return found;
    const dot = host.indexOf(".", at);
    if (dot < 0) return undefined;
    at = dot + 1;
  }
}

/** A brand under `.com` or a country's domain: the label before google.com, google.de, google.co.uk. */
function siteOfBrand(host: string): Site | undefined {
  const labels = host.split(".");
  const top = labels.pop() ?? "";
  if (top !== "com" && top.length !== 2) return undefined;
  const second = labels.at(-1) ?? "";
  if (top.length === 2 && SECOND_LEVEL.has(second)) labels.pop();
  const site = BRANDS.get(labels.pop() ?? "");
  if (site !== "search") return site;
  return labels.every((label) => label.length === 2 || SEARCH_SUBDOMAIN_SET.has(label))
    ? site
    : undefined;
}
