import { clickIdAt, clickIdRank, type ClickId } from "./click-ids.ts";

/** The longest name that DNS has (RFC 1035, 2.3.4). */
export const MAX_HOST_LENGTH = 253;
/** Longer URLs are not read; an event's are at most 2,048 bytes. */
const MAX_URL_LENGTH = 8192;

/** The five UTM parameters of a URL's query, as they are written there; absent where the URL has none. */
export interface Utm {
  source?: string;
  medium?: string;
  campaign?: string;
  term?: string;
  content?: string;
}

/** The source of a visit, as the landing page's query states it. */
export interface LandingQuery {
  readonly utm: Utm;
  readonly clickId: ClickId | undefined;
}

const UTM_FIELDS: ReadonlyMap<string, keyof Utm> = new Map([
  ["utm_source", "source"],
  ["utm_medium", "medium"],
  ["utm_campaign", "campaign"],
  ["utm_term", "term"],
  ["utm_content", "content"],
]);

/** http and https with a plain ASCII host, as in nearly every URL: read without a URL object. */
const PLAIN_URL = /^https?:\/\/([a-z0-9.-]+)(?::\d{1,5})?(?:[/?#]|$)/i;
/** A host without a scheme, as CSV files carry it: `www.google.com`, `news.example/path`. */
const BARE_HOST = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+\.?(?::\d{1,5})?(?:[/?#]|$)/u;
const SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "android-app:", "ios-app:"]);

/** The UTM parameters in a URL's query. Reads relative and malformed URLs too, and never throws. */
export function utmFromUrl(url: string): Utm {
  return readLandingQuery(url).utm;
}

/**
 * Reads the UTM parameters and the click identifier from a URL's query in one pass, decoding as
 * URLSearchParams does. The first of several equal parameters counts, and an empty one does not.
 */
export function readLandingQuery(url: string): LandingQuery {
  const utm: Utm = {};
  let clickId: ClickId | undefined;
  let bestRank = Infinity;
  let equals = -1;
  const end = queryEnd(url);
  for (let start = queryStart(url, end); start < end;) {
    const ampersand = url.indexOf("&", start);
    const next = ampersand < 0 || ampersand > end ? end : ampersand;
    // Searched for only when passed, so that a query of bare & is not scanned once for each of them.
    if (equals < start) equals = url.indexOf("=", start);
    if (equals < 0) break;
    if (equals > start && equals < next - 1) {
      const param = url.slice(start, equals);
      const field = UTM_FIELDS.get(param);
      const rank = field === undefined ? clickIdRank(param) : undefined;
      if (field !== undefined) {
        utm[field] ??= decode(url.slice(equals + 1, next));
      } else if (rank !== undefined && rank < bestRank) {
        bestRank = rank;
        clickId = clickIdAt(rank, url.slice(equals + 1, next));
      }
    }
    start = next + 1;
  }
  return { utm, clickId };
}

/** Where the query ends: at the fragment, or at once in a URL that is too long. */
function queryEnd(url: string): number {
  if (url.length > MAX_URL_LENGTH) return 0;
  const hash = url.indexOf("#");
  return hash < 0 ? url.length : hash;
}

/** Behind the first `?`, or the end where there is none. */
function queryStart(url: string, end: number): number {
  const mark = url.indexOf("?");
  return mark < 0 ? end : mark + 1;
}

function decode(value: string): string {
  if (!value.includes("%") && !value.includes("+")) return value.toWellFormed();
  return new URLSearchParams(`v=${value}`).get("v") ?? "";
}

/**
 * The host of a URL in lower case and without `www.`, or undefined where there is none to trust: a relative
 * or malformed URL, a scheme that is no web page or app (`javascript:`, `data:`, `file:`), a name longer
 * than DNS has. Takes a bare host too. Never throws.
 */
export function hostOf(url: string): string | undefined {
  if (url.length > MAX_URL_LENGTH) return undefined;
  const text = url.trim();
  const host = PLAIN_URL.exec(text)?.[1] ?? parsedHost(text);
  if (host === undefined || host === "" || host.length > MAX_HOST_LENGTH) return undefined;
  let name = host.toLowerCase();
  if (name.endsWith(".")) name = name.slice(0, -1);
  return name.startsWith("www.") ? name.slice("www.".length) : name;
}

/** The path of an absolute URL, with its query and fragment; "" where there is none. */
export function pathOf(url: string): string {
  const scheme = url.indexOf("://");
  if (scheme < 0 || url.length > MAX_URL_LENGTH) return "";
  const start = url.indexOf("/", scheme + "://".length);
  return start < 0 ? "" : url.slice(start);
}

function parsedHost(text: string): string | undefined {
  let absolute: string | undefined;
  if (text.includes("://")) absolute = text;
  else if (text.startsWith("//")) absolute = `https:${text}`;
  else if (BARE_HOST.test(text)) absolute = `https://${text}`;
  if (absolute === undefined) return undefined;
  const parsed = URL.parse(absolute);
  return parsed !== null && SCHEMES.has(parsed.protocol) ? parsed.hostname : undefined;
}
