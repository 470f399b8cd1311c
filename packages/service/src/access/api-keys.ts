import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { EnvironmentError } from "../environment.ts";

/** The tenant of every request where no keys are configured. */
export const OPEN_TENANT = "default";

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/** Whether a service that listens on a host is reached from its own machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/** What a tenant may be called. */
export const TENANT_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

/** What a variable of keys holds where all of them are in Redis. */
const IN_REDIS = "redis";

/** Whether a variable says that all keys are in Redis, so that requests need one though there is none yet. */
export function areKeysInRedis(pairs: string): boolean {
  return pairs.trim() === IN_REDIS;
}

/** Rights, each with keys of its own: to send events, read reports, import spend and rates, erase people, see the whole platform. */
export const API_KEY_KINDS = ["write", "read", "import", "erase", "operate"] as const;
export type ApiKeyKind = (typeof API_KEY_KINDS)[number];

/** Keys that are made and revoked while the service runs. */
export interface StoredKeys {
  /** Whether requests need a key, whatever keys there are. */
  readonly closed: boolean;
  /** The tenant of the key with that hash (SHA-256, base64). */
  tenantOf: (hash: string) => string | undefined;
}

/**
 * Parses `key=tenant,key2=tenant2`. Without any key the service is open, which is allowed on loopback only. `redis` means that all
 * keys are in Redis.
 * @param variable name for errors
 * @param host address that the service listens on; undefined for a service that, without keys, refuses the requests that need one
 * @returns tenants by key @throws EnvironmentError that never holds a key
 */
export function parseApiKeys(
  variable: string,
  pairs: string,
  host: string | undefined,
): Map<string, string> {
  const keys = new Map<string, string>();
  if (areKeysInRedis(pairs)) return keys;
  for (const pair of pairs.split(",")) {
    if (pair.trim() === "") continue;
    // A key may hold any character but a comma; the tenant is what follows the last equals sign.
    const at = pair.lastIndexOf("=");
    const key = pair.slice(0, Math.max(at, 0)).trim();
    const tenant = pair.slice(at + 1).trim();
    if (key === "" || !TENANT_NAME.test(tenant)) {
      throw new EnvironmentError(
        variable,
        "expected key=tenant pairs separated by commas, a tenant of letters, digits, - and _",
      );
    }
    keys.set(key, tenant);
  }
  if (keys.size === 0 && host !== undefined && !isLoopback(host)) {
    const why = "because TRIBUTARY_HOST is not a loopback address";
    throw new EnvironmentError(
      variable,
      `expected key=tenant pairs, or redis for those made by tributary keys, ${why}`,
    );
  }
  return keys;
}

/** Finds the tenant of a request by its key. */
export class ApiKeys {
  readonly #kind: string;
  readonly #header: string;
  readonly #refuse: (reason: string) => Error;
  readonly #stored: StoredKeys | undefined;
  /** By the key's hash, so that a look-up takes the same time whatever part of a key is right. */
  readonly #tenants = new Map<string, string>();

  /**
   * @param kind the key's name in messages, and its header `X-<Kind>-Key`
   * @param keys tenants by key; empty takes every request as {@link OPEN_TENANT}, where nothing is stored either
   * @param refuse makes the error that a refused request is answered with
   * @param stored more keys, which come and go
   */
  constructor(
    kind: ApiKeyKind,
    keys: ReadonlyMap<string, string>,
    refuse: (reason: string) => Error,
    stored?: StoredKeys,
  ) {
    this.#kind = kind;
    this.#header = `x-${kind}-key`;
    this.#refuse = refuse;
    this.#stored = stored;
    for (const [key, tenant] of keys) this.#tenants.set(hash(key), tenant);
  }

  /** Whether requests need no key. */
  get isOpen(): boolean {
    return this.#tenants.size === 0 && this.#stored?.closed !== true;
  }

  /** Whether a request brings a key in its headers. */
  isIn(headers: IncomingHttpHeaders): boolean {
    return this.#keyOf(headers) !== undefined;
  }

  /**
   * @param otherwise the key where the headers have none: from the body, say
   * @throws what `refuse` makes, where the key is absent or unknown
   */
  tenantOf(headers: IncomingHttpHeaders, otherwise?: string): string {
    if (this.isOpen) return OPEN_TENANT;
    const key = this.#keyOf(headers) ?? otherwise;
    if (key === undefined || key === "") {
      const article = /^[aeiou]/.test(this.#kind) ? "an" : "a";
      throw this.#refuse(
        `${article} ${this.#kind} key is needed, as Authorization: Bearer KEY, as user of Authorization: Basic, or as ${this.#header}`,
      );
    }
    const tenant = this.#tenantOf(hash(key));
    if (tenant === undefined) throw this.#refuse(`the ${this.#kind} key is not known`);
    return tenant;
  }

  /** Whether a request brings a known key, also where none is needed. */
  isKnown(headers: IncomingHttpHeaders): boolean {
    const key = this.#keyOf(headers);
    return key !== undefined && this.#tenantOf(hash(key)) !== undefined;
  }

  /** The hash of the key in a request's headers that is not known; undefined where there is none, or it is known. */
  wrongKeyOf(headers: IncomingHttpHeaders): string | undefined {
    const key = this.#keyOf(headers);
    if (key === undefined) return undefined;
    const hashed = hash(key);
    return this.#tenantOf(hashed) === undefined ? hashed : undefined;
  }

  #tenantOf(hashed: string): string | undefined {
    return this.#tenants.get(hashed) ?? this.#stored?.tenantOf(hashed);
  }

  #keyOf(headers: IncomingHttpHeaders): string | undefined {
    const own = headers[this.#header];
    if (typeof own === "string" && own !== "") return own;
    const [scheme, ...rest] = (headers.authorization ?? "").split(" ");
    const credentials = rest.join(" ").trim();
    if (credentials === "") return undefined;
    if (scheme?.toLowerCase() === "bearer") return credentials;
    if (scheme?.toLowerCase() !== "basic") return undefined;
    // The key is the user name and the password is empty; a key may itself hold colons.
    const decoded = Buffer.from(credentials, "base64").toString("utf8");
    const key = decoded.endsWith(":") ? decoded.slice(0, -1) : decoded;
    return key === "" ? undefined : key;
  }
}

function hash(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
