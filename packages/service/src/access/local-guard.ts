/**
 * What a service that needs no key refuses, so that web pages cannot use it through a browser on its machine: a page whose own name
 * leads there (DNS rebinding), and requests that a page of another origin makes.
 */
import type { IncomingHttpHeaders } from "node:http";
import { EnvironmentError } from "../environment.ts";

/** Names of this machine that no page elsewhere can have. */
const LOCAL_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** A Host header: name or address, and port. */
const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
/** Longest text of a stranger that a reason repeats, characters. */
const MAX_SHOWN = 128;
/** What browsers say of a request of another page's; `none` is one of the person's own. */
const FOREIGN_SITES: ReadonlySet<unknown> = new Set(["cross-site", "same-site"]);

/**
 * Parses names separated by commas, without ports.
 * @throws EnvironmentError
 */
export function parseHostNames(variable: string, list: string): ReadonlySet<string> {
  const names = list.split(",").map((name) => name.trim().toLowerCase());
  for (const name of names) {
    if (name === "" || HOST.exec(name)?.[1] === name) continue;
    throw new EnvironmentError(
      variable,
      `expected names like shop.test separated by commas, got ${shown(name)}`,
    );
  }
  return new Set(names.filter((name) => name !== ""));
}

/** Whether a host, with or without a port, is this machine or a configured name. */
export function isKnownHost(host: string, known: ReadonlySet<string>): boolean {
  const name = HOST.exec(host)?.[1]?.toLowerCase();
  return name !== undefined && (LOCAL_NAMES.has(name) || known.has(name));
}

/** Why a request is refused for its Host header; undefined where it is not. Only what is no browser sends none. */
export function hostRefusal(
  { host }: IncomingHttpHeaders,
  known: ReadonlySet<string>,
): string | undefined {
  if (host === undefined || isKnownHost(host, known)) return undefined;
  return `Host: without keys, expected localhost, 127.0.0.1, [::1] or a name in TRIBUTARY_KNOWN_HOSTS, got ${shown(host)}`;
}

/**
 * Why a request is refused that a page makes; undefined where it is not.
 * @param isAllowed whether pages of an origin may make it
 */
export function pageRefusal(
  headers: IncomingHttpHeaders,
  isAllowed: (origin: string) => boolean,
): string | undefined {
  const { origin } = headers;
  if (origin !== undefined) {
    return isAllowed(origin)
      ? undefined
      : `Origin: without keys, pages of ${shown(origin)} are not answered`;
  }
  // A link that somebody follows is no request of the page's.
  if (headers["sec-fetch-mode"] === "navigate") return undefined;
  return FOREIGN_SITES.has(headers["sec-fetch-site"])
    ? "Sec-Fetch-Site: without keys, requests of other pages are not answered"
    : undefined;
}

/** The host of an origin, with its port where it has one of its own; undefined for `null` and what is none. */
export function originHost(origin: string): string | undefined {
  const url = URL.parse(origin);
  return url?.origin === origin && origin !== "null" ? url.host : undefined;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN));
}
