import {
  answerHalfClosed,
  answerUnreadable,
  RouteMethods,
  type StoredKeys,
} from "@tributary/service";
import type { RedisClient, ServerWatch } from "@tributary/streams";
import { UNTRACED, type Telemetry } from "@tributary/telemetry";
import Fastify, { type FastifyInstance } from "fastify";
import { notFound, sendError, toGatewayError } from "./http/replies.ts";
import { Backlog } from "./publish/backlog.ts";
import { BotFilter } from "./intake/bots.ts";
import { type GatewayConfig, SPOOLED_LIMITS } from "./config.ts";
import { addCors } from "./http/cors.ts";
import { addEventsRoute } from "./events/routes.ts";
import { EventIntake, TENANT } from "./intake/event-intake.ts";
import { GatewayError } from "./errors.ts";
import { createGatewayMetrics, type GatewayMetrics } from "./metrics.ts";
import { gatherWrites } from "./http/gathered-writes.ts";
import { addLocalGuard } from "./http/local-guard.ts";
import { Keeper } from "./links/keeper.ts";
import { StrayRestorer } from "./links/stray-parameters.ts";
import { addLinkRoutes } from "./links/routes.ts";
import { addPostbackRoutes } from "./postbacks/routes.ts";
import { addOperationRoutes } from "./operations/routes.ts";
import type { ServerParts } from "./parts.ts";
import { Publisher } from "./publish/publisher.ts";
import { addSegmentRoutes } from "./segment/routes.ts";
import { Forwarder, type ForwardObserver } from "./spool/forwarder.ts";
import type { SpooledBatch } from "./spool/records.ts";
import type { Spool } from "./spool/spool.ts";
import { PublishTrace } from "./publish/trace-publish.ts";
import { wholeBody } from "./http/whole-body.ts";

/** Most refusals of a batch that a log line shows. */
const MAX_LOGGED_REFUSALS = 3;

/** What answers before any route does: a stopping gateway, and where there is no such route. */
function addMethods(server: FastifyInstance): void {
  const routes = new RouteMethods();
  server.decorate("routeMethods", routes);
  server.addHook("onRoute", ({ method, url }) => routes.add(method, url));
  let stopping = false;
  server.addHook("preClose", (done) => {
    stopping = true;
    done();
  });
  // Before a body is read that nobody takes.
  server.addHook("onRequest", (request, reply, done) => {
    if (stopping) {
      void reply.header("Connection", "close");
      done(new GatewayError("stopping", "the gateway stops; another one takes the request", 1));
    } else if (request.is404) void notFound(request, reply, routes.at(request.url));
    else done();
  });
  server.setNotFoundHandler((request, reply) => notFound(request, reply, routes.at(request.url)));
}

/** Builds the HTTP server; it does not listen yet. */
function buildServer(
  parts: ServerParts,
  metrics: GatewayMetrics,
  publish: (batch: SpooledBatch) => Promise<void>,
): FastifyInstance {
  const { config, telemetry } = parts;
  const server = Fastify({
    bodyLimit: config.maxBodyBytes,
    requestTimeout: 30_000,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    trustProxy: config.trustedProxies.length === 0 ? false : [...config.trustedProxies],
    routerOptions: { ignoreTrailingSlash: true },
    logger: false,
    clientErrorHandler: answerUnreadable,
    // A path that cannot be decoded, or with too long a parameter.
    frameworkErrors: (_error, request, reply) => {
      void notFound(request, reply, []);
    },
  });
  // Bodies are read by us, whatever their type.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (request, payload, done) =>
    wholeBody(request, payload, config.maxBodyBytes, done),
  );
  server.server.on("connection", gatherWrites);
  answerHalfClosed(server.server);
  server.setErrorHandler((error, _request, reply) => {
    if (toGatewayError(error).status === 500) {
      telemetry.logger.error({ err: error }, "request failed");
    }
    return sendError(reply, error);
  });
  const intake = new EventIntake(parts, metrics);
  addLocalGuard(server, config, intake.keys, telemetry.logger);
  addCors(server, config.corsOrigins);
  addMethods(server);
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.tributary_http_requests_total.inc({ route, status: reply.statusCode });
    metrics.tributary_http_request_seconds.observe({ route }, reply.elapsedTime / 1000);
    done();
  });
  server.decorateRequest(TENANT, "");
  const bots = new BotFilter(config, metrics);
  addEventsRoute(server, config, intake, bots);
  addSegmentRoutes(server, config, intake, bots, metrics);
  const keeper = new Keeper(config, parts.spool, publish, telemetry.logger);
  addPostbackRoutes(server, config, intake);
  const stray = new StrayRestorer(metrics, parts.telemetry.logger);
  addLinkRoutes(server, config, intake, keeper, bots, stray, metrics);
  addOperationRoutes(server, parts, metrics);
  return server;
}

function createForwardObserver(metrics: GatewayMetrics): ForwardObserver {
  const batches = metrics.tributary_spool_batches_total;
  return {
    forwarded: (count) => batches.inc({ outcome: "forwarded" }, count),
    quarantined({ events }) {
      batches.inc({ outcome: "quarantined" });
      metrics.tributary_spool_refused_events_total.inc(events ?? 1);
    },
  };
}

/** Builds the parts that need each other: publisher, backlog, server, and what forwards the spool. @param spool of this gateway, where it has one @param storedKeys beside those of the configuration @param serverWatch looks at Redis' settings */
export function createGateway(
  config: GatewayConfig,
  client: RedisClient,
  telemetry: Telemetry,
  seed: number,
  spool?: Spool,
  storedKeys?: StoredKeys,
  serverWatch?: Pick<ServerWatch, "reason">,
) {
  const metrics = createGatewayMetrics(telemetry);
  const backlog = new Backlog(client, config.partitions, config.backlog);
  const publisher = new Publisher(
    client,
    {
      partitions: config.partitions,
      flushIntervalMs: config.flushIntervalMs,
      flushEvents: config.flushEvents,
      flushBytes: config.flushBytes,
      waitMs: config.redisWaitMs,
      replicaWait: config.replicaWait,
      maxBufferedBytes: config.maxBufferedBytes,
      seed,
    },
    {
      sends: (partition, bytes) => backlog.add(partition, bytes),
      published(entries, bytes, seconds) {
        metrics.tributary_publish_entries_total.inc(entries);
        metrics.tributary_publish_bytes_total.inc(bytes);
        metrics.tributary_publish_seconds.observe(seconds);
      },
      failed(reasons) {
        metrics.tributary_publish_failures_total.inc();
        const unreplicated = reasons.filter(({ code }) => code === "not_replicated").length;
        metrics.tributary_publish_unreplicated_entries_total.inc(unreplicated);
      },
    },
    new PublishTrace(telemetry.tracer),
    telemetry.logger,
  );
  const publish = async (batch: SpooledBatch): Promise<void> => {
    publisher.checkRoom();
    backlog.check();
    const { body, tenant, receivedAtMs, events } = batch;
    const options = { ...config, ...SPOOLED_LIMITS, now: receivedAtMs };
    const { result, done } = publisher.publish(body, tenant, options, UNTRACED);
    await done;
    metrics.tributary_events_accepted_total.inc(result.accepted);
    // Without a number of its own it is a batch of an earlier version.
    const refused = Math.max(0, (events ?? 0) - result.accepted);
    if (refused === 0) return;
    metrics.tributary_spool_refused_events_total.inc(refused);
    telemetry.logger.error(
      { tenant, events: refused, reasons: result.refused.slice(0, MAX_LOGGED_REFUSALS) },
      "events that were acknowledged into the spool are refused when they are forwarded",
    );
  };
  const forwarder =
    spool === undefined
      ? undefined
      : new Forwarder(spool, publish, createForwardObserver(metrics), telemetry.logger);
  const parts = { config, client, publisher, backlog, telemetry, spool, storedKeys, serverWatch };
  const server = buildServer(parts, metrics, publish);
  return { server, publisher, backlog, forwarder };
}
