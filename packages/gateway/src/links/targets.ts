import { EnvironmentError } from "@tributary/service";

/** Where a tenant's links may lead. */
export interface AllowedHosts {
  readonly exact: ReadonlySet<string>;
  /** With everything below them. */
  readonly parents: readonly string[];
}

/** By tenant. */
export type RedirectHosts = ReadonlyMap<string, AllowedHosts>;

const HOST =
  /^(\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Longest target, as long as an event's `url` may be. */
const MAX_TARGET_BYTES = 2048;

/**
 * Parses `shop.example=acme,*.shop.example=acme`: hosts, or `*.` and everything below one, and whose links may lead there.
 * @throws EnvironmentError
 */
export function parseRedirectHosts(variable: string, pairs: string): RedirectHosts {
  const hosts = new Map<string, { exact: Set<string>; parents: string[] }>();
  for (const pair of pairs.split(",")) {
    if (pair.trim() === "") continue;
    const [host = "", tenant = "", more] = pair.split("=").map((part) => part.trim());
    const name = host.toLowerCase();
    if (!HOST.test(name) || tenant === "" || more !== undefined) {
      throw new EnvironmentError(
        variable,
        `expected host=tenant pairs separated by commas, such as shop.example=acme or *.shop.example=acme, got ${JSON.stringify(pair.trim().slice(0, 80))}`,
      );
    }
    const own = hosts.get(tenant) ?? { exact: new Set(), parents: [] };
    if (name.startsWith("*.")) own.parents.push(name.slice(1));
    else own.exact.add(name);
    hosts.set(tenant, own);
  }
  return hosts;
}

/**
 * The address that a link leads to, as a browser would understand it, or why it may not: http or https, a host of the
 * tenant's, without user and password. What is given on is the parsed address, so that nothing can be read in two ways.
 */
export function allowedTarget(
  text: unknown,
  allowed: AllowedHosts | undefined,
): URL | { readonly reason: string } {
  if (typeof text !== "string" || text === "")
    return { reason: "url: expected the address that the link leads to" };
  if (Buffer.byteLength(text) > MAX_TARGET_BYTES) {
    return { reason: `url: expected at most ${MAX_TARGET_BYTES} bytes` };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return { reason: "url: expected a whole address that begins with https:// or http://" };
  }
  if (url.username !== "" || url.password !== "") {
    return { reason: "url: expected an address without user and password" };
  }
  const isAllowed =
    allowed !== undefined &&
    (allowed.exact.has(url.hostname) ||
      allowed.parents.some((parent) => url.hostname.endsWith(parent)));
  if (isAllowed) return url;
  return {
    reason: `url: the host ${url.hostname.slice(0, 80)} is not one that this key's links may lead to`,
  };
}
