import { performance } from "node:perf_hooks";
import { EVENT_FIELDS, type Refusal } from "@tributary/protocol";
import { ApiKeys } from "@tributary/service";
import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@tributary/telemetry";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answerBatch, EVENTS_ROUTE, toGatewayError } from "./answers.ts";
import type { GatewayConfig } from "./config.ts";
import { GatewayError } from "./errors.ts";
import type { GatewayMetrics } from "./metrics.ts";
import { Quota } from "./quota.ts";
import { decodeBody, packBody } from "./read-body.ts";
import type { ServerParts } from "./server.ts";

const KNOWN_FIELDS: ReadonlySet<string> = new Set(["event", ...EVENT_FIELDS]);

/** `POST /v1/events`: authenticate, bound, validate and route, then answer when Redis has the events. */
export function addEventsRoute(
  server: FastifyInstance,
  parts: ServerParts,
  metrics: GatewayMetrics,
): void {
  const { config, publisher, backlog, telemetry } = parts;
  const keys = new ApiKeys(
    "write",
    config.writeKeys,
    (reason) => new GatewayError("unauthorized", reason),
  );
  const quota = new Quota(config.quotaEventsPerSecond);

  async function takeEvents(request: FastifyRequest, reply: FastifyReply, span: Span) {
    const tenant = keys.tenantOf(request.headers);
    publisher.checkRoom();
    backlog.check();
    quota.check(tenant, performance.now());
    const plain = await readBody(request, config);
    const options = { ...config, now: Date.now() };
    // Nothing is awaited between packing and publishing: JSON bodies are packed into one buffer.
    const body = packBody(plain, request.headers["content-type"], config.maxEvents);
    const { result, done } = publisher.publish(body.bytes, tenant, options, span);
    quota.charge(tenant, result.accepted, performance.now());
    const refused = explainBroken(result.refused, body.broken);
    span.setAttributes({
      "tributary.tenant": tenant,
      "tributary.events.accepted": result.accepted,
      "tributary.events.refused": refused.length,
    });
    for (const { field } of refused) {
      const reason = KNOWN_FIELDS.has(field) ? field : "unknown_field";
      metrics.tributary_events_refused_total.inc({ reason });
    }
    await done;
    metrics.tributary_events_accepted_total.inc(result.accepted);
    return answerBatch(reply, result.accepted, refused);
  }

  server.post(EVENTS_ROUTE, async (request, reply) => {
    const span = startRequestSpan(telemetry.tracer, request);
    if (!span.isRecording()) return takeEvents(request, reply, span);
    // Log lines of a traced request carry its trace ID.
    return context.with(trace.setSpan(context.active(), span), async () => {
      try {
        const answered = await takeEvents(request, reply, span);
        span.setAttribute("http.response.status_code", reply.statusCode);
        return answered;
      } catch (error) {
        const { status, message } = toGatewayError(error);
        span.setAttribute("http.response.status_code", status);
        span.setStatus({ code: SpanStatusCode.ERROR, message });
        throw error;
      } finally {
        span.end();
      }
    });
  });
}

function startRequestSpan(tracer: Tracer, request: FastifyRequest): Span {
  const parent =
    request.headers.traceparent === undefined
      ? ROOT_CONTEXT
      : propagation.extract(ROOT_CONTEXT, request.headers);
  return tracer.startSpan(
    `POST ${EVENTS_ROUTE}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        "http.request.method": "POST",
        "http.route": EVENTS_ROUTE,
        "url.path": EVENTS_ROUTE,
      },
    },
    parent,
  );
}

async function readBody(request: FastifyRequest, config: GatewayConfig): Promise<Buffer> {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = request.headers["content-encoding"];
  return encoding === undefined ? raw : decodeBody(raw, encoding, config.maxBodyBytes);
}

/** Lines that were not JSON stand as nil in the packed body: their refusal says what was wrong with the line. */
function explainBroken(
  refused: readonly Refusal[],
  broken: ReadonlyMap<number, string>,
): readonly Refusal[] {
  if (broken.size === 0) return refused;
  return refused.map((refusal) => {
    const reason = broken.get(refusal.index);
    return reason === undefined ? refusal : { index: refusal.index, field: "event", reason };
  });
}
