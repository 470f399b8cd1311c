import { performance } from "node:perf_hooks";
import { ProtocolError, type Refusal } from "@tributary/protocol";
import { type RedisClient, redisReady } from "@tributary/streams";
import {
  createMetrics,
  metricsText,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Telemetry,
  type Tracer,
} from "@tributary/telemetry";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { Authenticator } from "./authenticate.ts";
import { Backlog } from "./backlog.ts";
import type { GatewayConfig } from "./config.ts";
import { GatewayError } from "./errors.ts";
import { Publisher } from "./publisher.ts";
import { Quota } from "./quota.ts";
import { decodeBody, packBody, type PackedBody } from "./read-body.ts";
import { PublishTrace } from "./trace-publish.ts";

/** What the gateway's HTTP needs. */
export interface ServerParts {
  readonly config: GatewayConfig;
  readonly client: RedisClient;
  readonly publisher: Publisher;
  readonly backlog: Backlog;
  readonly telemetry: Telemetry;
}

const EVENTS_ROUTE = "/v1/events";
/** A flush that takes longer than this while Redis answers means that the gateway makes no progress. */
const STUCK_MS = 10_000;

/** Names of the gateway's metrics. */
const METRIC_NAMES = [
  "tributary_http_requests_total",
  "tributary_http_request_seconds",
  "tributary_events_accepted_total",
  "tributary_events_refused_total",
  "tributary_publish_seconds",
  "tributary_publish_entries_total",
  "tributary_publish_bytes_total",
  "tributary_publish_failures_total",
  "tributary_backlog_entries",
  "tributary_breaker_open",
] as const;

/** The gateway's metrics, registered. */
export function createGatewayMetrics(telemetry: Telemetry) {
  return createMetrics(telemetry.metrics, METRIC_NAMES);
}

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

/** Builds the HTTP server; it does not listen yet. */
function buildServer(parts: ServerParts, metrics: GatewayMetrics): FastifyInstance {
  const { config } = parts;
  const server = Fastify({
    bodyLimit: config.maxBodyBytes,
    requestTimeout: 30_000,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    routerOptions: { ignoreTrailingSlash: true },
    logger: false,
  });
  // Bodies are read by us, whatever their type.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  server.setErrorHandler((error: FastifyError | GatewayError, _request, reply) =>
    sendError(parts, reply, error),
  );
  server.setNotFoundHandler((request, reply) => notFound(parts, request, reply));
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.tributary_http_requests_total.inc({ route, status: reply.statusCode });
    metrics.tributary_http_request_seconds.observe({ route }, reply.elapsedTime / 1000);
    done();
  });
  addEventsRoute(server, parts, metrics);
  addOperationRoutes(server, parts, metrics);
  return server;
}

function addEventsRoute(
  server: FastifyInstance,
  parts: ServerParts,
  metrics: GatewayMetrics,
): void {
  const { config, publisher, backlog, telemetry } = parts;
  const authenticator = new Authenticator(config.writeKeys);
  const quota = new Quota(config.quotaEventsPerSecond);
  server.post(EVENTS_ROUTE, async (request, reply) => {
    const span = startRequestSpan(telemetry.tracer, request);
    try {
      const tenant = authenticator.tenantOf(request.headers);
      publisher.checkRoom();
      backlog.check();
      quota.check(tenant, performance.now());
      const body = await readBody(request, config);
      const { result, done } = publisher.publish(
        body.bytes,
        tenant,
        {
          now: Date.now(),
          maxEvents: config.maxEvents,
          maxEventBytes: config.maxEventBytes,
          maxFutureMs: config.maxFutureMs,
          clockToleranceMs: config.clockToleranceMs,
        },
        span.isRecording() ? { span, events: 1 } : undefined,
      );
      const refused = explainBroken(result.refused, body.broken);
      for (const { field } of refused)
        metrics.tributary_events_refused_total.inc({ reason: field });
      await done;
      quota.charge(tenant, result.accepted, performance.now());
      metrics.tributary_events_accepted_total.inc(result.accepted);
      span.setAttributes({
        "tributary.tenant": tenant,
        "tributary.events.accepted": result.accepted,
        "tributary.events.refused": refused.length,
      });
      return await answer(reply, result.accepted, refused);
    } catch (error) {
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    } finally {
      span.setAttribute("http.response.status_code", reply.statusCode);
      span.end();
    }
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

async function readBody(request: FastifyRequest, config: GatewayConfig): Promise<PackedBody> {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = request.headers["content-encoding"];
  const plain = encoding === undefined ? raw : await decodeBody(raw, encoding, config.maxBodyBytes);
  return packBody(plain, request.headers["content-type"], config.maxEvents);
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

async function answer(
  reply: FastifyReply,
  accepted: number,
  refused: readonly Refusal[],
): Promise<FastifyReply> {
  if (accepted > 0) return reply.code(202).send({ accepted, refused });
  const first = refused[0];
  const reason = `no event could be taken; the first: ${first?.field}: ${first?.reason}`;
  return reply.code(400).send({ error: { code: "all_refused", reason }, accepted: 0, refused });
}

function sendError(
  parts: ServerParts,
  reply: FastifyReply,
  error: FastifyError | GatewayError | ProtocolError,
): FastifyReply {
  const known = toGatewayError(error, parts.config.maxBodyBytes);
  if (known.status === 500) parts.telemetry.logger.error({ err: error }, "request failed");
  if (known.retryAfterSeconds !== undefined)
    void reply.header("Retry-After", String(known.retryAfterSeconds));
  if (known.status === 401) void reply.header("WWW-Authenticate", 'Bearer realm="tributary"');
  return reply
    .code(known.status)
    .send({ error: { code: known.code, reason: known.message }, accepted: 0, refused: [] });
}

function toGatewayError(
  error: FastifyError | GatewayError | ProtocolError,
  maxBodyBytes: number,
): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof ProtocolError) {
    const { code, message } = error;
    if (code === "too_many_events" || code === "body_empty") return new GatewayError(code, message);
    return new GatewayError("body_malformed", message);
  }
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new GatewayError("body_too_large", `the body is larger than ${maxBodyBytes} bytes`);
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new GatewayError(
        "unsupported_media_type",
        "Content-Type: expected application/json, application/x-ndjson or application/msgpack",
      );
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new GatewayError(
        "body_malformed",
        "the body is not as long as its Content-Length says",
      );
    default:
      return new GatewayError("internal", "the gateway failed; the request can be sent again", 1);
  }
}

function notFound(parts: ServerParts, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?")[0] ?? "";
  if (path === EVENTS_ROUTE) {
    void reply.header("Allow", "POST");
    return sendError(
      parts,
      reply,
      new GatewayError("method_not_allowed", `${EVENTS_ROUTE} takes POST`),
    );
  }
  return sendError(
    parts,
    reply,
    new GatewayError("not_found", `there is nothing here; events go to POST ${EVENTS_ROUTE}`),
  );
}

function addOperationRoutes(
  server: FastifyInstance,
  parts: ServerParts,
  metrics: GatewayMetrics,
): void {
  const { client, publisher, backlog, telemetry } = parts;
  let progressAtMs = performance.now();
  server.get("/healthz", async (_request, reply) => {
    const now = performance.now();
    if (publisher.flights === 0 || !redisReady(client)) progressAtMs = now;
    const stuck = now - progressAtMs > STUCK_MS;
    return reply.code(stuck ? 503 : 200).send({
      status: stuck ? "unhealthy" : "ok",
      ...(stuck
        ? {
            reason: `a flush has waited for ${Math.round((now - progressAtMs) / 1000)} s while Redis answers`,
          }
        : {}),
    });
  });
  server.get("/readyz", async (_request, reply) => {
    const ready = redisReady(client) && !publisher.breakerOpen;
    return reply
      .code(ready ? 200 : 503)
      .send(ready ? { status: "ready" } : { status: "not ready", reason: "Redis is away" });
  });
  server.get("/metrics", async (_request, reply) => {
    metrics.tributary_backlog_entries.set(backlog.entries);
    metrics.tributary_breaker_open.set(publisher.breakerOpen ? 1 : 0);
    const { contentType, body } = await metricsText(telemetry.metrics);
    return reply.type(contentType).send(body);
  });
}

/** Builds the parts that need each other: publisher, backlog, server. */
export function createGateway(
  config: GatewayConfig,
  client: RedisClient,
  telemetry: Telemetry,
  seed: number,
) {
  const metrics = createGatewayMetrics(telemetry);
  const publisher = new Publisher(
    client,
    {
      partitions: config.partitions,
      flushIntervalMs: config.flushIntervalMs,
      waitMs: config.redisWaitMs,
      maxBufferedBytes: config.maxBufferedBytes,
      seed,
    },
    {
      published(entries, bytes, seconds) {
        metrics.tributary_publish_entries_total.inc(entries);
        metrics.tributary_publish_bytes_total.inc(bytes);
        metrics.tributary_publish_seconds.observe(seconds);
      },
      failed: () => metrics.tributary_publish_failures_total.inc(),
    },
    new PublishTrace(telemetry.tracer),
    telemetry.logger,
  );
  const backlog = new Backlog(client, config.partitions, config.maxBacklogEntries);
  const server = buildServer({ config, client, publisher, backlog, telemetry }, metrics);
  return { server, publisher, backlog };
}
