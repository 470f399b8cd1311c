import type { FastifyReply, FastifyRequest } from "fastify";
import { ReportsError } from "../errors.ts";
import { tenantOf } from "./access.ts";
import type { ReportsServer } from "./open-api.ts";
import type { PlaceBounds } from "./parts.ts";

const RETRY_AFTER_SECONDS = 1;
const LEAVE = "leave";
const GONE = "gone";

interface Waiting {
  readonly enter: () => void;
}

/** Lets so many questions run at a time. The others wait, and turns go round the tenants: one that asks much waits for itself. */
export class Places {
  readonly #bounds: PlaceBounds;
  readonly #perTenant: { readonly running: number; readonly waiting: number };
  readonly #running = new Map<string, number>();
  /** By tenant, the next one's turn first; a tenant of whom nobody waits is not in it. */
  readonly #lines = new Map<string, Waiting[]>();
  #runs = 0;
  #waits = 0;

  constructor(bounds: PlaceBounds) {
    const half = Math.ceil(bounds.running / 2);
    this.#bounds = bounds;
    this.#perTenant = { running: half, waiting: Math.ceil(bounds.waiting / 4) };
  }

  /**
   * Waits for a place.
   * @param gone aborts when nobody waits for the answer any more
   * @returns leaves the place; once it was called, nothing
   * @throws ReportsError `busy`
   */
  async enter(tenant: string, gone: AbortSignal): Promise<() => void> {
    if (!this.#mayRun(tenant) || this.#lines.has(tenant)) await this.#wait(tenant, gone);
    else this.#start(tenant);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#end(tenant);
    };
  }

  #wait(tenant: string, gone: AbortSignal): Promise<void> {
    const line = this.#lines.get(tenant) ?? [];
    const { waiting, waitMs } = this.#bounds;
    if (this.#waits >= waiting || line.length >= this.#perTenant.waiting || gone.aborted) {
      throw busy("as many questions wait as may");
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        gone.removeEventListener("abort", giveUp);
        this.#waits -= 1;
      };
      const giveUp = (): void => {
        settle();
        this.#remove(tenant, one);
        reject(busy(`no place was free within ${waitMs} ms`));
      };
      const timer = setTimeout(giveUp, waitMs);
      gone.addEventListener("abort", giveUp);
      const one: Waiting = {
        enter: () => {
          settle();
          resolve();
        },
      };
      line.push(one);
      this.#lines.set(tenant, line);
      this.#waits += 1;
    });
  }

  #remove(tenant: string, one: Waiting): void {
    const line = this.#lines.get(tenant) ?? [];
    const left = line.filter((other) => other !== one);
    if (left.length === 0) this.#lines.delete(tenant);
    else this.#lines.set(tenant, left);
  }

  #mayRun(tenant: string): boolean {
    const own = this.#running.get(tenant) ?? 0;
    return this.#runs < this.#bounds.running && own < this.#perTenant.running;
  }

  #start(tenant: string): void {
    this.#runs += 1;
    this.#running.set(tenant, (this.#running.get(tenant) ?? 0) + 1);
  }

  #end(tenant: string): void {
    this.#runs -= 1;
    const own = (this.#running.get(tenant) ?? 1) - 1;
    if (own === 0) this.#running.delete(tenant);
    else this.#running.set(tenant, own);
    const next = [...this.#lines].find(([of]) => this.#mayRun(of));
    if (next === undefined) return;
    const [of, [first, ...left]] = next;
    // The next turn is another tenant's.
    this.#lines.delete(of);
    if (left.length > 0) this.#lines.set(of, left);
    this.#start(of);
    first?.enter();
  }
}

/** Has the questions of the routes that are added from then on take a place each, until they are answered. */
export function addPlaces(server: ReportsServer, bounds: PlaceBounds): void {
  const places = new Places(bounds);
  server.decorateRequest(LEAVE, null);
  server.decorateRequest(GONE, null);
  server.addHook("preHandler", async (request: FastifyRequest, reply: FastifyReply) => {
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    request.setDecorator(GONE, gone.signal);
    request.setDecorator(LEAVE, await places.enter(tenantOf(request), gone.signal));
  });
  // Not when the asker goes: what runs for nobody still takes its share of the engine.
  server.addHook("onSend", async (request) => {
    request.getDecorator<(() => void) | null>(LEAVE)?.();
  });
}

/** Aborts when nobody waits for a request's answer any more. */
export function goneOf(request: Pick<FastifyRequest, "getDecorator">): AbortSignal {
  return request.getDecorator<AbortSignal>(GONE);
}

function busy(why: string): ReportsError {
  return new ReportsError("busy", `${why}; ask again`, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
