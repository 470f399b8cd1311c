import { QUERY_ONLY, type UtmReading } from "@tributary/protocol";
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
export function utmFromUrl(url: string, reading: UtmReading = QUERY_ONLY): Utm {
  return readLandingQuery(url, reading).utm;
}

/**
 * Reads the UTM parameters and the click identifier from a URL's query, and from its fragment where the reading says so, in one
 * pass, decoding as URLSearchParams does. The first of several equal parameters counts, and an empty one does not.
 */
export function readLandingQuery(url: string, reading: UtmReading = QUERY_ONLY): LandingQuery {
  const found: FoundParameters = { utm: {}, clickId: undefined, rank: Infinity };
  if (url.length > MAX_URL_LENGTH) return found;
  const hash = url.indexOf("#");
  const end = hash < 0 ? url.length : hash;
  const mark = url.indexOf("?");
  if (mark >= 0 && mark < end) readParameters(url, mark + 1, end, reading.escaped, found);
  if (reading.fragments && hash >= 0) {
    // A route may stand before them: #/landing?utm_source=news
    const inner = url.indexOf("?", hash);
    readParameters(url, (inner < 0 ? hash : inner) + 1, url.length, reading.escaped, found);
  }
  return found;
}

/** What was found so far. */
interface FoundParameters {
  readonly utm: Utm;
  clickId: ClickId | undefined;
  /** Place of the click identifier in its table. */
  rank: number;
}

const ESCAPED = "amp;";

function readParameters(
  url: string,
  from: number,
  end: number,
  isEscaped: boolean,
  found: FoundParameters,
): void {
  let equals = -1;
  for (let start = from; start < end;) {
    const ampersand = url.indexOf("&", start);
    const next = ampersand < 0 || ampersand > end ? end : ampersand;
    if (isEscaped) while (url.startsWith(ESCAPED, start)) start += ESCAPED.length;
    // Searched for only when passed, so that a query of bare & is not scanned once for each of them.
    if (equals < start) equals = url.indexOf("=", start);
    if (equals < 0) return;
    if (equals > start && equals < next - 1) {
      const param = url.slice(start, equals);
      const field = UTM_FIELDS.get(param);
      const rank = field === undefined ? clickIdRank(param) : undefined;
      if (field !== undefined) {
        found.utm[field] ??= decode(url.slice(equals + 1, next));
      } else if (rank !== undefined && rank < found.rank) {
        found.rank = rank;
        found.clickId = clickIdAt(rank, url.slice(equals + 1, next));
      }
    }
    start = next + 1;
  }
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
