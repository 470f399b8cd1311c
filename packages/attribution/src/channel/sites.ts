import { PAYMENT_PROVIDER_HOSTS } from "./payment-providers.ts";
import { SEARCH_BRANDS, SEARCH_HOSTS, SEARCH_NAMES, SEARCH_SUBDOMAINS } from "./search-engines.ts";
import { SHOPPING_BRANDS, SHOPPING_HOSTS, SHOPPING_NAMES } from "./shopping-sites.ts";
import { SOCIAL_BRANDS, SOCIAL_HOSTS, SOCIAL_NAMES } from "./social-networks.ts";
import { VIDEO_HOSTS, VIDEO_NAMES } from "./video-sites.ts";
import { WEBMAIL_HOSTS } from "./webmail.ts";

/** Kinds of sites that clicks come from. */
export type Site = "search" | "social" | "shopping" | "video" | "email" | "display" | "affiliates";

/** Hosts under a listed brand or host that are of another kind. */
const PLAIN_HOSTS = [
  "aws.amazon.com",
  "developer.amazon.com",
  "developers.facebook.com",
  "developer.linkedin.com",
] as const;

/** The longest name that DNS has (RFC 1035, 2.3.4). */
export const MAX_HOST_LENGTH = 253;

const NAMES = new Map<string, Site>();
const HOSTS = new Map<string, Site | "plain" | "payment">();
const BRANDS = new Map<string, Site>();
const SEARCH_SUBDOMAIN_SET: ReadonlySet<string> = new Set(SEARCH_SUBDOMAINS);
/** The second-level labels under which a country sells names: co.uk, com.br, ne.jp. */
const SECOND_LEVEL: ReadonlySet<string> = new Set(["co", "com", "ne", "net", "or", "org"]);

fill(NAMES, SEARCH_NAMES, "search");
fill(NAMES, SOCIAL_NAMES, "social");
fill(NAMES, SHOPPING_NAMES, "shopping");
fill(NAMES, VIDEO_NAMES, "video");
fill(HOSTS, SEARCH_HOSTS, "search");
fill(HOSTS, SOCIAL_HOSTS, "social");
fill(HOSTS, SHOPPING_HOSTS, "shopping");
fill(HOSTS, VIDEO_HOSTS, "video");
fill(HOSTS, WEBMAIL_HOSTS, "email");
fill(HOSTS, PAYMENT_PROVIDER_HOSTS, "payment");
fill(HOSTS, PLAIN_HOSTS, "plain");
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
  return listed === "plain" || listed === "payment" ? undefined : listed;
}

export function isPaymentProvider(host: string): boolean {
  return listedHost(host) === "payment";
}

/** The entry of the host or of the nearest parent domain that has one. */
function listedHost(host: string): Site | "plain" | "payment" | undefined {
  if (host.length > MAX_HOST_LENGTH) return undefined;
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
