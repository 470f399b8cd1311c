import { createHash, randomBytes } from "node:crypto";
import { ACCESS_KEY, apiKeysKey } from "@tributary/protocol";
import { type ApiKeyKind, TENANT_NAME } from "@tributary/service";
import { StreamsError } from "../errors.ts";
import type { RedisClient } from "../redis/client.ts";

/** Most keys of a kind: every service holds all of them. */
const MAX_KEYS = 10_000;
/** Random bytes of a key. */
const KEY_BYTES = 24;

/** A stored key: its hash alone, so that a reader of Redis cannot send with it. */
export interface StoredApiKey {
  /** First 8 hex digits of the hash. */
  readonly id: string;
  readonly tenant: string;
  /** What it is for, in its owner's words. */
  readonly name: string;
  /** SHA-256 of the key, base64. */
  readonly hash: string;
  /** ms since 1970. */
  readonly createdMs: number;
  /** When it ends, ms since 1970; undefined for never. */
  readonly expiresMs?: number | undefined;
}

/**
 * Makes a key.
 * @param newKey random text
 * @returns the key, which is shown this once, and its stored form
 * @throws StreamsError `too_many_keys`
 */
export async function createApiKey(
  client: RedisClient,
  kind: ApiKeyKind,
  { tenant, name }: Pick<StoredApiKey, "tenant" | "name">,
  newKey: () => string = () => `t${kind.charAt(0)}_${randomBytes(KEY_BYTES).toString("base64url")}`,
): Promise<{ readonly key: string; readonly stored: StoredApiKey }> {
  const hashKey = apiKeysKey(kind);
  if ((await client.hlen(hashKey)) >= MAX_KEYS) {
    throw new StreamsError("too_many_keys", `there are ${MAX_KEYS} ${kind} keys; revoke some`);
  }
  // First: a process that ends between the two leaves the access closed.
  await closeAccess(client, kind);
  for (;;) {
    const key = newKey();
    const digest = createHash("sha256").update(key).digest();
    const id = digest.toString("hex").slice(0, 8);
    const hash = digest.toString("base64");
    const stored = { id, tenant, name, hash, createdMs: Date.now() };
    // An ID is 32 bits: another key may have it, which goes on to hold.
    if ((await client.hsetnx(hashKey, id, JSON.stringify(stored))) === 1) return { key, stored };
  }
}

/** The keys of a kind as Redis holds them. */
export interface StoredApiKeys {
  /** Oldest first, those that ended among them. */
  readonly keys: readonly StoredApiKey[];
  /** IDs whose field cannot be read: such a key lets nobody in. */
  readonly unreadable: readonly string[];
}

/** All keys of a kind. */
export async function listApiKeys(client: RedisClient, kind: ApiKeyKind): Promise<StoredApiKeys> {
  const keys: StoredApiKey[] = [];
  const unreadable: string[] = [];
  for (const [id, text] of Object.entries(await client.hgetall(apiKeysKey(kind)))) {
    const key = parseKey(id, text);
    if (key === undefined) unreadable.push(id);
    else keys.push(key);
  }
  return { keys: keys.toSorted((a, b) => a.createdMs - b.createdMs), unreadable };
}

/** @returns undefined for what {@link createApiKey} did not write */
function parseKey(id: string, text: string): StoredApiKey | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null) return undefined;
  const { tenant, name, hash, createdMs, expiresMs } = read as Readonly<Record<string, unknown>>;
  return typeof tenant === "string" &&
    TENANT_NAME.test(tenant) &&
    typeof name === "string" &&
    typeof hash === "string" &&
    typeof createdMs === "number" &&
    (expiresMs === undefined || typeof expiresMs === "number")
    ? { id, tenant, name, hash, createdMs, expiresMs }
    : undefined;
}

/** Whether requests of a kind need a key: `closed` from the platform's first key on, until {@link openAccess}. */
export type Access = "closed" | "open";

/** @returns undefined where the platform never had a key of the kind, or Redis lost that */
export async function readAccess(
  client: RedisClient,
  kind: ApiKeyKind,
): Promise<Access | undefined> {
  const found = await client.hget(ACCESS_KEY, kind);
  if (found === null) return undefined;
  return found === "open" ? "open" : "closed";
}

/** Notes that requests of a kind need a key from now on. */
export async function closeAccess(client: RedisClient, kind: ApiKeyKind): Promise<void> {
  await client.hset(ACCESS_KEY, kind, "closed" satisfies Access);
}

/**
 * Lets requests of a kind in without a key again, where a service's configuration lets them.
 * @returns how many keys there still are: with any of them nothing is opened
 */
export async function openAccess(client: RedisClient, kind: ApiKeyKind): Promise<number> {
  const left = await client.hlen(apiKeysKey(kind));
  // A key that is made between the two commands closes the access again: services see to it.
  if (left === 0) await client.hset(ACCESS_KEY, kind, "open" satisfies Access);
  return left;
}

/**
 * Makes another key of the same tenant and name; the old one ends after `graceMs`.
 * @returns undefined where there is no such key @throws StreamsError `too_many_keys`
 */
export async function rotateApiKey(
  client: RedisClient,
  kind: ApiKeyKind,
  id: string,
  graceMs: number,
): Promise<{ readonly key: string; readonly stored: StoredApiKey } | undefined> {
  const text = await client.hget(apiKeysKey(kind), id);
  const old = text === null ? undefined : parseKey(id, text);
  if (old === undefined) return undefined;
  const made = await createApiKey(client, kind, old);
  const expiresMs = Math.min(old.expiresMs ?? Infinity, Date.now() + graceMs);
  await client.hset(apiKeysKey(kind), id, JSON.stringify({ ...old, expiresMs }));
  return made;
}

/** Ends a key. @returns false where there was none */
export async function revokeApiKey(
  client: RedisClient,
  kind: ApiKeyKind,
  id: string,
): Promise<boolean> {
  // A platform whose keys an earlier version made: without this its last key would leave it open.
  if ((await client.hexists(apiKeysKey(kind), id)) === 1) await closeAccess(client, kind);
  return (await client.hdel(apiKeysKey(kind), id)) === 1;
}
