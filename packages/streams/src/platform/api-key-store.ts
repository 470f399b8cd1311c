import { createHash, randomBytes } from "node:crypto";
import { apiKeysKey } from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import { StreamsError } from "../errors.ts";
import type { RedisClient } from "../redis/client.ts";

/** Keys that events are sent with, keys that reports are asked with, and keys that people are erased with. */
export const API_KEY_KINDS = ["write", "read", "erase"] as const;
export type ApiKeyKind = (typeof API_KEY_KINDS)[number];

/** Most keys of a kind: every service holds all of them. */
const MAX_KEYS = 10_000;
/** Random bytes of a key. */
const KEY_BYTES = 24;

/** A key as it is kept: its hash alone, so that who reads Redis cannot send with it. */
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
 * @returns the key, which nobody can find out later, and what is kept of it
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

/** All keys of a kind, oldest first, those that ended among them. */
export async function listApiKeys(client: RedisClient, kind: ApiKeyKind): Promise<StoredApiKey[]> {
  const found = await client.hvals(apiKeysKey(kind));
  return found
    .map((text) => JSON.parse(text) as StoredApiKey)
    .toSorted((a, b) => a.createdMs - b.createdMs);
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
  if (text === null) return undefined;
  const old = JSON.parse(text) as StoredApiKey;
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
  return (await client.hdel(apiKeysKey(kind), id)) === 1;
}

export interface ApiKeyStoreOptions {
  readonly kind: ApiKeyKind;
  /** How often they are read anew, ms. */
  readonly refreshMs: number;
  /** Whether requests need a key though there is none yet. */
  readonly closed: boolean;
}

/** The keys of a kind, as a service has them at hand: read anew again and again, and as they were while Redis is away. */
export class ApiKeyStore {
  readonly #client: RedisClient;
  readonly #options: ApiKeyStoreOptions;
  readonly #logger: Logger;
  #keys: ReadonlyMap<string, StoredApiKey> = new Map();
  #closed: boolean;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, options: ApiKeyStoreOptions, logger: Logger) {
    this.#client = client;
    this.#options = options;
    this.#logger = logger;
    this.#closed = options.closed;
  }

  /** Whether requests need a key: once there was one, they always do. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The tenant of the key with that hash (SHA-256, base64), where there is one that has not ended. */
  tenantOf(hash: string): string | undefined {
    const found = this.#keys.get(hash);
    return found === undefined || (found.expiresMs ?? Infinity) <= Date.now()
      ? undefined
      : found.tenant;
  }

  /** Reads the keys, and goes on doing so. @throws what Redis says, the first time */
  async start(): Promise<void> {
    await this.#read();
    this.#timer = setInterval(() => void this.#refresh(), this.#options.refreshMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    try {
      await this.#read();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#logger.warn(
          { err: error },
          "API keys could not be read anew; they stay as they were",
        );
      }
      this.#failing = true;
    }
  }

  async #read(): Promise<void> {
    const keys = await listApiKeys(this.#client, this.#options.kind);
    this.#keys = new Map(keys.map((key) => [key.hash, key]));
    if (keys.length > 0) this.#closed = true;
  }
}
