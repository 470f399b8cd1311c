import { EnvironmentError } from "@tributary/service";
import { parseSecret } from "./signature.ts";

/** Where a tenant's deliveries go, and what they are signed with. */
export interface WebhookTarget {
  readonly tenant: string;
  readonly url: URL;
  /** The new key first, while an old one is being replaced. */
  readonly keys: readonly Uint8Array[];
}

const TENANT = /^[a-z0-9][a-z0-9_-]{0,63}$/i;
const MAX_SECRETS = 2;
const TARGETS = "TRIBUTARY_WEBHOOKS";
const SECRETS = "TRIBUTARY_WEBHOOK_SECRETS";
const PAIRS = "expected tenant=https://host/path pairs separated by spaces";
const SECRET_PAIRS = "expected tenant=whsec_… pairs separated by spaces or commas";
/** A URL may hold commas: one separates only where a pair follows it. */
const BETWEEN_TARGETS = /\s+|,(?=[a-z0-9][a-z0-9_-]{0,63}=https?:\/\/)/i;
/** 127.0.0.0/8, as the URL parser writes it, and the other names of this machine. */
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

/**
 * The targets of `tenant=https://host/path` pairs, each with the tenant's secrets of `tenant=whsec_…` pairs.
 * @returns targets by tenant; empty where no webhooks are wanted
 * @throws EnvironmentError that names the variable and the tenant, and never holds a URL or a secret
 */
export function parseTargets(pairs: string, secretPairs: string): Map<string, WebhookTarget> {
  const urls = new Map<string, URL>();
  for (const pair of pairs.split(BETWEEN_TARGETS)) {
    if (pair === "") continue;
    const [tenant, text] = split(pair, TARGETS, PAIRS);
    if (urls.has(tenant)) refuse(TARGETS, `tenant ${tenant} is there twice: expected one URL each`);
    urls.set(tenant, parseUrl(tenant, text));
  }
  const keys = parseSecrets(secretPairs);
  for (const tenant of keys.keys()) {
    if (!urls.has(tenant)) refuse(SECRETS, `tenant ${tenant} has no URL in ${TARGETS}`);
  }
  const targets = new Map<string, WebhookTarget>();
  for (const [tenant, url] of urls) {
    const of = keys.get(tenant);
    if (of === undefined) {
      return refuse(SECRETS, `expected a secret of tenant ${tenant}, which ${TARGETS} names`);
    }
    targets.set(tenant, { tenant, url, keys: of });
  }
  return targets;
}

/** A target as logs show it: without path and query, which may hold secrets. */
export function shownTarget(url: URL): string {
  return url.origin;
}

function parseUrl(tenant: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return refuse(TARGETS, `the URL of tenant ${tenant} cannot be read`);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.test(url.hostname))) {
    refuse(TARGETS, `tenant ${tenant}: expected https://, or http:// to this machine itself`);
  }
  if (url.username !== "" || url.password !== "") {
    refuse(TARGETS, `tenant ${tenant}: expected a URL without a user and password`);
  }
  url.hash = "";
  return url;
}

function parseSecrets(pairs: string): Map<string, Uint8Array[]> {
  const keys = new Map<string, Uint8Array[]>();
  for (const pair of pairs.split(/[\s,]+/)) {
    if (pair === "") continue;
    const [tenant, text] = split(pair, SECRETS, SECRET_PAIRS);
    const key = parseSecret(text);
    if (key === undefined) {
      return refuse(SECRETS, `tenant ${tenant}: expected whsec_ and the base64 of 24 to 64 bytes`);
    }
    const of = [...(keys.get(tenant) ?? []), key];
    if (of.length > MAX_SECRETS) {
      refuse(
        SECRETS,
        `tenant ${tenant}: expected at most ${MAX_SECRETS} secrets, the new one first`,
      );
    }
    keys.set(tenant, of);
  }
  return keys;
}

function split(pair: string, variable: string, expected: string): [tenant: string, rest: string] {
  const at = pair.indexOf("=");
  const tenant = pair.slice(0, Math.max(at, 0));
  if (!TENANT.test(tenant)) refuse(variable, `${expected}, a tenant of letters, digits, - and _`);
  return [tenant, pair.slice(at + 1)];
}

function refuse(variable: string, message: string): never {
  throw new EnvironmentError(variable, message);
}
