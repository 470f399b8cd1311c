/** How long wrong keys of an address count, and how long it is locked out, ms. */
const WINDOW_MS = 60_000;

interface Attempts {
  /** Hashes of the wrong keys: somebody whose one key is stale guesses nothing. */
  readonly hashes: Set<string>;
  readonly sinceMs: number;
  /** 0 while it is not locked out. */
  lockedUntilMs: number;
}

/** Locks addresses out that try many keys. Bounded: of too many addresses the longest known is forgotten. */
export class KeyAttempts {
  readonly #maxKeys: number;
  readonly #maxAddresses: number;
  readonly #byAddress = new Map<string, Attempts>();

  /** @param maxKeys wrong keys of an address within a minute that lock it out; 0 for no limit */
  constructor(maxKeys: number, maxAddresses = 10_000) {
    this.#maxKeys = maxKeys;
    this.#maxAddresses = maxAddresses;
  }

  /** How long an address is still locked out, ms. @param nowMs monotonic clock */
  lockedMs(address: string, nowMs: number): number {
    return Math.max(0, (this.#byAddress.get(address)?.lockedUntilMs ?? 0) - nowMs);
  }

  /** An address came with a wrong key. @param hash of the key @param nowMs monotonic clock */
  failed(address: string, hash: string, nowMs: number): void {
    if (this.#maxKeys === 0) return;
    let found = this.#byAddress.get(address);
    if (found === undefined || nowMs - found.sinceMs >= WINDOW_MS) {
      this.#byAddress.delete(address);
      const [oldest] = this.#byAddress.keys();
      if (oldest !== undefined && this.#byAddress.size >= this.#maxAddresses) {
        this.#byAddress.delete(oldest);
      }
      found = { hashes: new Set(), sinceMs: nowMs, lockedUntilMs: 0 };
      this.#byAddress.set(address, found);
    }
    if (found.hashes.size < this.#maxKeys) found.hashes.add(hash);
    if (found.hashes.size >= this.#maxKeys) found.lockedUntilMs = nowMs + WINDOW_MS;
  }
}
