/** Where a tenant's links may lead. */
export interface AllowedHosts {
  readonly exact: ReadonlySet<string>;
  /** With everything below them. */
  readonly parents: readonly string[];
}

/** Longest target, as long as an event's `url` may be. */
const MAX_TARGET_BYTES = 2048;

/** An address may be written so, and no name is: what a resolver makes of it is not for us to guess. */
const HOST_WITH_A_GAP = /^\.|\.\./;

/** @param hosts `shop.example`, or `*.shop.example` for everything below it */
export function allowedHosts(hosts: readonly string[]): AllowedHosts {
  const names = hosts.map((host) => host.toLowerCase());
  return {
    exact: new Set(names.filter((name) => !name.startsWith("*."))),
    parents: names.flatMap((name) => (name.startsWith("*.") ? [name.slice(1)] : [])),
  };
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
      allowed.parents.some((parent) => url.hostname.endsWith(parent))) &&
    !HOST_WITH_A_GAP.test(url.hostname);
  if (isAllowed) return url;
  return {
    reason: `url: the host ${url.hostname.slice(0, 80)} is not one that this key's links may lead to`,
  };
}
