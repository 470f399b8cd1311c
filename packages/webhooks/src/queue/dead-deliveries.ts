import { webhookKey } from "@tributary/protocol";
import type { RedisClient } from "@tributary/streams";
import { deliverySchema, type DeliveryBody } from "../delivery/payload.ts";
import { deliveryOf, parseTries, type Tries } from "./delivery-queue.ts";

/** A dead delivery, as it is kept. */
export interface DeadDelivery {
  readonly tenant: string;
  /** `webhook-id`. */
  readonly id: string;
  readonly reason: string;
  /** When it died, ms since 1970. */
  readonly diedMs: number;
  /** undefined where it was never tried. */
  readonly tries: Tries | undefined;
  readonly body: DeliveryBody;
}

/** Dead deliveries that are read at once: each has its whole body. */
const PAGE = 64;

/** A tenant's dead deliveries, oldest first; one that goes while they are read is left out. @param most how many */
export async function* readDeadDeliveries(
  client: RedisClient,
  tenant: string,
  most: number,
): AsyncGenerator<DeadDelivery> {
  const key = webhookKey(tenant, "died");
  // All of them first: those that are retried meanwhile would shift the others.
  const tickets = await client.zrange(key, "0", String(most - 1), "WITHSCORES");
  for (let at = 0; at < tickets.length; at += PAGE * 2) {
    const page = tickets.slice(at, at + PAGE * 2);
    const ids = page.filter((_, i) => i % 2 === 0).map(deliveryOf);
    const [bodies, tries, reasons] = await Promise.all([
      client.hmget(webhookKey(tenant, "bodies"), ...ids),
      client.hmget(webhookKey(tenant, "tries"), ...ids),
      client.hmget(webhookKey(tenant, "reasons"), ...ids),
    ]);
    for (const [i, id] of ids.entries()) {
      const [body, reason] = [bodies[i] ?? null, reasons[i] ?? null];
      if (body === null || reason === null) continue;
      yield {
        tenant,
        id,
        reason: after(reason),
        diedMs: Number(page[i * 2 + 1]),
        tries: parseTries(tries[i] ?? ""),
        body: deliverySchema.parse(JSON.parse(after(body))),
      };
    }
  }
}

/** What follows the first line. */
function after(text: string): string {
  return text.slice(text.indexOf("\n") + 1);
}
