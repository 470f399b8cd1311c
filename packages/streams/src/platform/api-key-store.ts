import type { ApiKeyKind } from "@tributary/service";
import type { Logger } from "@tributary/telemetry";
import type { RedisClient } from "../redis/client.ts";
import {
  type Access,
  closeAccess,
  listApiKeys,
  readAccess,
  type StoredApiKey,
} from "./api-keys.ts";

export interface ApiKeyStoreOptions {
  readonly kind: ApiKeyKind;
  /** How often they are read anew, ms. */
  readonly refreshMs: number;
  /** Whether requests need a key by the service's configuration, which {@link openAccess} does not change. */
  readonly closed: boolean;
}

/** A service's copy of the keys of a kind: reloaded at an interval, and kept while Redis is unavailable. */
export class ApiKeyStore {
  readonly #client: RedisClient;
  readonly #options: ApiKeyStoreOptions;
  readonly #logger: Logger;
  #keys: ReadonlyMap<string, StoredApiKey> = new Map();
  #closed: boolean;
  #failing = false;
  #unreadable: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, options: ApiKeyStoreOptions, logger: Logger) {
    this.#client = client;
    this.#options = options;
    this.#logger = logger;
    this.#closed = options.closed;
  }

  /** Whether requests need a key: from the platform's first one on, until somebody opens it. */
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

  /** Reads the keys, and reloads them from then on. @throws the client's error of the first reading */
  async start(): Promise<void> {
    await this.#read();
    const { kind, closed } = this.#options;
    if (this.#closed && !closed && this.#keys.size === 0) {
      this.#logger.warn(
        { kind },
        "requests need a key, and all are revoked: tributary keys create makes one, tributary keys open does without",
      );
    }
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
    const { kind, closed } = this.#options;
    const [access, { keys, unreadable }] = await Promise.all([
      readAccess(this.#client, kind),
      listApiKeys(this.#client, kind),
    ]);
    this.#keys = new Map(keys.map((key) => [key.hash, key]));
    // A Redis that lost what it held opens nothing: that takes its own word.
    this.#closed =
      closed || keys.length + unreadable.length > 0 || (access ?? this.#access) === "closed";
    this.#report(unreadable);
    if (this.#closed && access !== "closed") await closeAccess(this.#client, kind);
  }

  get #access(): Access {
    return this.#closed ? "closed" : "open";
  }

  /** Names each unreadable field once. */
  #report(unreadable: readonly string[]): void {
    const { kind } = this.#options;
    for (const id of unreadable) {
      if (this.#unreadable.has(id)) continue;
      this.#logger.error({ kind, id }, "an API key in Redis cannot be read, and lets nobody in");
    }
    this.#unreadable = new Set(unreadable);
  }
}
