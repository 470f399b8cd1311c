import { QUERY_ONLY, type UtmReading } from "@tributary/protocol";
import { utmReadingOf } from "@tributary/tenants";
import type { FastifyInstance } from "fastify";
import { answerBatch, EVENTS_ROUTE } from "../http/replies.ts";
import { type BotFilter, pageAgentOf } from "../intake/bots.ts";
import type { GatewayConfig } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { type EventIntake, tenantOf } from "../intake/event-intake.ts";
import { decodeBody, packBody } from "../http/read-body.ts";
import { hintsOf } from "./hints.ts";

interface Asked {
  Querystring: { readonly debug?: unknown };
}

/** Names the tenant that a sender means: a key of another one is an error then, and no event goes astray. */
const TENANT_HEADER = "tributary-tenant";

/** `POST /v1/events`: authenticate, bound, validate and route, then answer when Redis has the events. */
export function addEventsRoute(
  server: FastifyInstance,
  config: GatewayConfig,
  intake: EventIntake,
  bots: BotFilter,
): void {
  const readings: ReadonlyMap<string, UtmReading> = new Map(
    [...config.tenants.byName].map(([name, settings]) => [name, utmReadingOf(settings)]),
  );
  const onRequest = intake.beforeBody(({ headers }) => intake.keys.tenantOf(headers));
  server.post<Asked>(EVENTS_ROUTE, { onRequest }, async (request, reply) => {
    await intake.inSpan(request, EVENTS_ROUTE, async (span) => {
      const tenant = tenantOf(request);
      requireTenant(request.headers[TENANT_HEADER], tenant);
      intake.checkRoom(tenant);
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const encoding = request.headers["content-encoding"];
      const plain =
        encoding === undefined ? raw : await decodeBody(raw, encoding, config.maxBodyBytes);
      const body = packBody(plain, request.headers["content-type"], config.maxEvents);
      // Before the body's buffer is another request's, which it is after the first wait.
      const hints =
        request.query.debug === "1" ? hintsOf(body, readings.get(tenant) ?? QUERY_ONLY) : undefined;
      const left = bots.filter(tenant, pageAgentOf(request.headers), body);
      const { accepted, refused } = await intake.take(left, tenant, span);
      await answerBatch(reply, accepted, refused, hints);
      span.setAttribute("http.response.status_code", reply.statusCode);
    });
    return reply;
  });
}

function requireTenant(wanted: string | readonly string[] | undefined, tenant: string): void {
  if (wanted === undefined || wanted === tenant) return;
  throw new GatewayError(
    "tenant_other",
    "the write key is of another tenant than the request means",
  );
}
