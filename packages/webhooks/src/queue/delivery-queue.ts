import { WEBHOOKS_TENANTS_KEY, webhookKey } from "@tributary/protocol";
import { type RedisClient, Script } from "@tributary/streams";
import { conversionOf, type Delivery } from "../delivery/delivery.ts";
import { queueKeys } from "./queue-keys.ts";

const enqueueScript = new Script(new URL("./enqueue.lua", import.meta.url));
const queueScript = new Script(new URL("./queue.lua", import.meta.url));

/** Held deliveries that one call releases. */
const SWEEP_PAGE = 256;

/** Bounds of a tenant's queue, bytes of bodies. */
export interface QueueBounds {
  readonly waitingBytes: number;
  readonly deadBytes: number;
}

/** Outcomes of deliveries that were enqueued. */
export interface Enqueued {
  readonly taken: number;
  /** Of an earlier owner than one that was delivered, and left out. */
  readonly superseded: number;
  /** Over the bound of those that wait, and dead at once. */
  readonly over: number;
  /** The oldest dead, left out for good because the bound of the dead was reached. */
  readonly dropped: number;
}

/** Attempts of a delivery. */
export interface Tries {
  readonly attempts: number;
  /** ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** A delivery that is to be sent now. */
export interface DueDelivery {
  readonly ticket: string;
  readonly id: string;
  readonly body: string;
  readonly traceparent: string;
  /** Of the attempts made; undefined before the first. */
  readonly tries: Tries | undefined;
}

export interface Due {
  readonly deliveries: readonly DueDelivery[];
  /** When another one is to be sent, ms since 1970; undefined where none waits. */
  readonly nextMs: number | undefined;
}

/** What a tenant's queue holds. Ages are s; 0 where there is nothing. */
export interface QueueSize {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly oldestWaitingAgeSeconds: number;
  readonly dead: number;
  readonly deadBytes: number;
  readonly oldestDeadAgeSeconds: number;
}

/**
 * The deliveries of one tenant, in Redis until they are delivered: at most one of a conversion is due at a time, the
 * earliest. One process at a time uses it to send ({@link SenderLease}); any may look, retry and discard.
 */
export class DeliveryQueue {
  readonly tenant: string;
  readonly #client: RedisClient;
  readonly #bounds: QueueBounds;
  readonly #keys: readonly string[];

  constructor(client: RedisClient, tenant: string, bounds: QueueBounds) {
    this.tenant = tenant;
    this.#client = client;
    this.#bounds = bounds;
    this.#keys = queueKeys(tenant);
  }

  /** Enqueues deliveries, held until {@link release}; those already in the queue stay as they are. May be called again. */
  async enqueue(deliveries: readonly Delivery[], partition: number): Promise<Enqueued> {
    const rows = deliveries.flatMap(({ ticket, generation, traceparent, body }) => [
      ticket,
      generation,
      `${traceparent}\n${body}`,
    ]);
    const reply = await enqueueScript.run(this.#client, this.#keys, [
      Date.now(),
      partition,
      this.#bounds.waitingBytes,
      ...rows,
    ]);
    const [taken = 0, , superseded = 0, over = 0, deadBytes = 0] = reply as number[];
    return { taken, superseded, over, dropped: await this.#boundDead(deadBytes) };
  }

  /** Lets deliveries be sent, once their results are acknowledged. @returns how many were superseded instead */
  async release(tickets: readonly string[]): Promise<number> {
    return Number(await this.#run("release", tickets));
  }

  /** {@link release} of all that is held of a partition of which no result is pending. @returns how many were superseded */
  async sweep(partition: number): Promise<number> {
    for (let superseded = 0; ;) {
      const reply = await this.#run("sweep", [partition, SWEEP_PAGE]);
      const [released = 0, of = 0] = reply as number[];
      superseded += of;
      if (released < SWEEP_PAGE) return superseded;
    }
  }

  /** What is to be sent now, longest due first. @param most how many @param busy conversions that are left out */
  async take(most: number, busy: Iterable<string>): Promise<Due> {
    const reply = (await this.#run("take", [most, ...busy])) as string[];
    const deliveries: DueDelivery[] = [];
    for (let i = 1; i + 2 < reply.length; i += 3) {
      const [ticket = "", value = "", tries = ""] = reply.slice(i, i + 3);
      const at = value.indexOf("\n");
      deliveries.push({
        ticket,
        id: deliveryOf(ticket),
        traceparent: value.slice(0, at),
        body: value.slice(at + 1),
        tries: parseTries(tries),
      });
    }
    const next = reply[0] ?? "";
    return { deliveries, nextMs: next === "" ? undefined : Number(next) };
  }

  /** One was delivered. @returns how many of its conversion that come before it were superseded. May be called again. */
  async done(ticket: string): Promise<number> {
    return Number(await this.#run("done", [ticket]));
  }

  /** One is to be tried again. @param atMs ms since 1970 */
  async later(ticket: string, atMs: number, tries: Tries): Promise<void> {
    await this.#run("later", [ticket, Math.round(atMs), formatTries(tries)]);
  }

  /** One is dead. @returns how many of the dead were dropped. May be called again. */
  async bury(ticket: string, tries: Tries, reason: string): Promise<number> {
    const deadBytes = await this.#run("bury", [ticket, formatTries(tries), reason]);
    return this.#boundDead(Number(deadBytes));
  }

  /** Makes a dead delivery one that waits, due at once and with no attempt made. @param id `webhook-id` */
  async retry(id: string): Promise<"retried" | "superseded" | "full" | "gone"> {
    const reply = String(await this.#run("retry", [id, this.#bounds.waitingBytes]));
    switch (reply) {
      case "retried":
      case "superseded":
      case "full":
        return reply;
      default:
        return "gone";
    }
  }

  /** Deletes a dead delivery. @returns false where it was gone */
  async discard(id: string): Promise<boolean> {
    return (await this.#run("discard", [id])) === 1;
  }

  /**
   * Deletes the deliveries of some conversions that are of earlier generations, and refuses those still to come. May be called
   * again. @param tickets of the deliveries that are sent instead @returns how many were deleted
   */
  async erase(generation: number, tickets: readonly string[]): Promise<number> {
    return Number(await this.#run("erase", [generation, ...tickets.map(conversionOf)]));
  }

  /** Deletes all waiting and dead deliveries. @returns how many */
  async clear(): Promise<number> {
    const { waiting, dead } = await this.size();
    await this.#client.unlink(...this.#keys);
    return waiting + dead;
  }

  /** @param now ms since 1970 */
  async size(now: number = Date.now()): Promise<QueueSize> {
    const key = (part: Parameters<typeof webhookKey>[1]): string => webhookKey(this.tenant, part);
    const [waiting, oldest, bytes, dead, oldestDead] = await Promise.all([
      this.#client.zcard(key("since")),
      this.#client.zrange(key("since"), "0", "0", "WITHSCORES"),
      this.#client.hmget(key("bytes"), "waiting", "dead"),
      this.#client.zcard(key("died")),
      this.#client.zrange(key("died"), "0", "0", "WITHSCORES"),
    ]);
    const age = ([, sinceMs]: string[]): number =>
      sinceMs === undefined ? 0 : Math.max(0, now - Number(sinceMs)) / 1000;
    return {
      waiting,
      waitingBytes: Number(bytes[0] ?? 0),
      oldestWaitingAgeSeconds: age(oldest),
      dead,
      deadBytes: Number(bytes[1] ?? 0),
      oldestDeadAgeSeconds: age(oldestDead),
    };
  }

  async #boundDead(deadBytes: number): Promise<number> {
    if (deadBytes <= this.#bounds.deadBytes) return 0;
    return Number(await this.#run("bound", [this.#bounds.deadBytes]));
  }

  async #run(command: string, args: readonly (string | number)[]): Promise<unknown> {
    return queueScript.run(this.#client, this.#keys, [command, Date.now(), ...args]);
  }
}

/** Registers the tenants that have a queue, for processes that do not know the configuration. */
export async function noteTenants(client: RedisClient, tenants: readonly string[]): Promise<void> {
  await client.sadd(WEBHOOKS_TENANTS_KEY, ...tenants);
}

/** The tenants that have a queue, or had, in the order of their names. */
export async function readTenants(client: RedisClient): Promise<string[]> {
  return (await client.smembers(WEBHOOKS_TENANTS_KEY)).toSorted();
}

/** The delivery that a ticket is of. */
export function deliveryOf(ticket: string): string {
  return ticket.slice(ticket.lastIndexOf("|") + 1);
}

/** Attempts as they are kept; undefined where there were none. */
export function parseTries(text: string): Tries | undefined {
  if (text === "") return undefined;
  const [attempts = 0, firstMs = 0, lastMs = 0] = text.split(" ").map(Number);
  return { attempts, firstMs, lastMs };
}

function formatTries({ attempts, firstMs, lastMs }: Tries): string {
  return `${attempts} ${firstMs} ${lastMs}`;
}
