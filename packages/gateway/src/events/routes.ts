import type { FastifyInstance } from "fastify";
import { answerBatch, EVENTS_ROUTE } from "../http/replies.ts";
import { type BotFilter, pageAgentOf } from "../intake/bots.ts";
import type { GatewayConfig } from "../config.ts";
import { type EventIntake, tenantOf } from "../intake/event-intake.ts";
import { decodeBody, packBody } from "../http/read-body.ts";

/** `POST /v1/events`: authenticate, bound, validate and route, then answer when Redis has the events. */
export function addEventsRoute(
  server: FastifyInstance,
  config: GatewayConfig,
  intake: EventIntake,
  bots: BotFilter,
): void {
  const onRequest = intake.beforeBody(({ headers }) => intake.keys.tenantOf(headers));
  server.post(EVENTS_ROUTE, { onRequest }, async (request, reply) => {
    await intake.inSpan(request, EVENTS_ROUTE, async (span) => {
      const tenant = tenantOf(request);
      intake.checkRoom(tenant);
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const encoding = request.headers["content-encoding"];
      const plain =
        encoding === undefined ? raw : await decodeBody(raw, encoding, config.maxBodyBytes);
      const body = packBody(plain, request.headers["content-type"], config.maxEvents);
      const left = bots.filter(tenant, pageAgentOf(request.headers), body);
      const { accepted, refused } = await intake.take(left, tenant, span);
      await answerBatch(reply, accepted, refused);
      span.setAttribute("http.response.status_code", reply.statusCode);
    });
    return reply;
  });
}
