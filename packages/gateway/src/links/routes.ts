import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { packEvents } from "@tributary/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type BotFilter, BOTS_CHANNEL } from "../intake/bots.ts";
import type { GatewayConfig } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { EventIntake } from "../intake/event-intake.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { Keeper } from "./keeper.ts";
import { landingAddress } from "./landing-address.ts";
import { linkEvent, type LinkQuery } from "./link-event.ts";
import type { StrayRestorer } from "./stray-parameters.ts";
import { allowedHosts, allowedTarget } from "./targets.ts";

/** One transparent pixel, GIF89a. */
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

/** A link that was followed, or a pixel that was loaded. */
interface FollowedLink {
  readonly type: "click" | "impression";
  readonly id: string;
  readonly query: LinkQuery;
  /** Where the link leads. */
  readonly url?: string;
}

/** Links and pixels, whose senders cannot send an event again: docs/links.md. */
export function addLinkRoutes(
  server: FastifyInstance,
  config: GatewayConfig,
  intake: EventIntake,
  keeper: Keeper,
  bots: BotFilter,
  stray: StrayRestorer,
  metrics: GatewayMetrics,
): void {
  const hosts = new Map(
    [...config.tenants.byName].map(([name, { links = [] }]) => [name, allowedHosts(links)]),
  );
  // A HEAD is a look at where a link leads, by a chat or a scanner: no click.
  const options = { exposeHeadRoute: false };
  server.get<{ Params: { key: string }; Querystring: LinkQuery }>(
    "/c/:key",
    options,
    async (request, reply) => {
      const { query } = request;
      const tenant = intake.keys.tenantOf(request.headers, request.params.key);
      const given = allowedTarget(query["url"], hosts.get(tenant));
      if (!(given instanceof URL)) throw new GatewayError("target_refused", given.reason);
      const target = stray.restore(given, request.raw.url ?? "", tenant);
      const id = randomUUID();
      const url = target.href;
      await keep(request, tenant, { type: "click", id, query, url });
      const address = landingAddress(target, id, query);
      return reply.header("Cache-Control", "no-store").redirect(address, 302);
    },
  );
  server.get<{ Querystring: LinkQuery }>("/p.gif", options, async (request, reply) => {
    const { query } = request;
    try {
      const key = typeof query["key"] === "string" ? query["key"] : undefined;
      const tenant = intake.keys.tenantOf(request.headers, key);
      await keep(request, tenant, { type: "impression", id: randomUUID(), query });
    } catch (error) {
      // A page with a missing picture would be worse, and nobody would read the reason there.
      if (!(error instanceof GatewayError)) throw error;
      metrics.tributary_link_events_total.inc({ type: "impression", outcome: "refused" });
    }
    return pixel(reply);
  });

  async function keep(
    request: FastifyRequest,
    tenant: string,
    { type, id, query, url }: FollowedLink,
  ): Promise<void> {
    const verdict = bots.judge(tenant, request.headers["user-agent"]);
    if (verdict === "drop") return;
    const time = Date.now();
    const event = linkEvent({ type, id, time, query, url, referrer: request.headers.referer });
    const marked = verdict === "mark" ? { ...event, channel: BOTS_CHANNEL } : event;
    const body = packEvents([marked]);
    const outcome = await keeper.keep({ tenant, receivedAtMs: time, events: 1, body });
    metrics.tributary_link_events_total.inc({ type, outcome });
    if (outcome === "kept") metrics.tributary_spool_batches_total.inc({ outcome });
  }
}

function pixel(reply: FastifyReply): FastifyReply {
  return reply.header("Cache-Control", "no-store, private").type("image/gif").send(PIXEL);
}
