import { WEBHOOKS_LEASE_KEY } from "@tributary/protocol";
import { type RedisClient, Script } from "@tributary/streams";

const leaseScript = new Script(new URL("./sender-lease.lua", import.meta.url));

/** The part of its time after which a holder that could not renew stops sending, before another one begins. */
const SAFE_PART = 0.7;

/**
 * The right to send. One process at a time has it, so that two never send revisions of one conversion at once. Others stand by, and
 * one of them takes the lease when it expires.
 */
export class SenderLease {
  readonly #client: RedisClient;
  readonly #owner: string;
  readonly #ttlMs: number;
  /** By performance.now(). */
  #safeUntilMs = -Infinity;

  /** @param owner name of this process, of no other one */
  constructor(client: RedisClient, owner: string, ttlMs: number) {
    this.#client = client;
    this.#owner = owner;
    this.#ttlMs = ttlMs;
  }

  /** Whether this process may send now. */
  get held(): boolean {
    return performance.now() < this.#safeUntilMs;
  }

  /** How often {@link renew} is to be called, ms. */
  get renewEveryMs(): number {
    return this.#ttlMs / 5;
  }

  /** Takes the lease where nobody else has it, or renews it. @returns whether it is held */
  async renew(): Promise<boolean> {
    const askedMs = performance.now();
    const reply = await leaseScript.run(
      this.#client,
      [WEBHOOKS_LEASE_KEY],
      [this.#owner, this.#ttlMs],
    );
    this.#safeUntilMs = reply === 1 ? askedMs + this.#ttlMs * SAFE_PART : -Infinity;
    return reply === 1;
  }

  /** Releases the lease, so that the next process need not wait for its expiry. */
  async release(): Promise<void> {
    this.#safeUntilMs = -Infinity;
    await leaseScript.run(this.#client, [WEBHOOKS_LEASE_KEY], [this.#owner, 0]);
  }
}

/** The process that sends; undefined where none does. */
export async function readSender(client: RedisClient): Promise<string | undefined> {
  return (await client.get(WEBHOOKS_LEASE_KEY)) ?? undefined;
}
