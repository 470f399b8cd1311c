import {
  answerHalfClosed,
  answerUnreadable,
  type ApiKeyKind,
  ApiKeys,
  KeyAttempts,
  RouteMethods,
  type StoredKeys,
} from "@tributary/service";
import { WarehouseError } from "@tributary/warehouse";
import { createMetrics } from "@tributary/telemetry";
import { z } from "zod";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { settledSchema } from "../answers/operations.ts";
import { ReportsError, type ReportsErrorCode } from "../errors.ts";
import { documented, serveOpenApi, type ReportsServer } from "./open-api.ts";
import { addLagRoute, addMetricsRoute, addProbes } from "./operation-routes.ts";
import { refusal, refusals, wholeBetween } from "../question/parameters.ts";
import { type Access, requireKeys } from "./access.ts";
import { frameworkError } from "./body-errors.ts";
import { addErasureRoutes } from "./erasure-routes.ts";
import { addExportRoutes } from "./export-routes.ts";
import { addImportFileRoutes } from "./import-file-routes.ts";
import { addImportedRoutes, addImportRoutes } from "./import-routes.ts";
import { addLedgerRoutes } from "./ledger-routes.ts";
import { addLocalGuard } from "./local-guard.ts";
import type { ServerParts } from "./parts.ts";
import { addPlaces } from "./places.ts";
import { addReportRoutes } from "./report-routes.ts";
import { checkZones } from "./zone-check.ts";

const SETTLE_PARAMETERS = z.strictObject({
  timeoutMs: wholeBetween(0, 60_000, 10_000)
    .describe("longest wait")
    .register(refusals, { code: "timeout_invalid" }),
});
const RETRY_AFTER_SECONDS = 1;

/** Builds the HTTP server; it does not listen yet. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const server = Fastify({
    logger: false,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    trustProxy: parts.trustedProxies.length === 0 ? false : [...parts.trustedProxies],
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    // A path that cannot be decoded.
    frameworkErrors: (_error, request, reply) => {
      void sendError(parts, reply, nothingAt(request, []));
    },
  });
  answerHalfClosed(server.server);
  const metrics = createMetrics(parts.telemetry.metrics, [
    "tributary_http_requests_total",
    "tributary_http_request_seconds",
  ]);
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.tributary_http_requests_total.inc({ route, status: reply.statusCode });
    metrics.tributary_http_request_seconds.observe({ route }, reply.elapsedTime / 1000);
    done();
  });
  server.setErrorHandler((error: FastifyError, _request, reply) => sendError(parts, reply, error));
  const { read, erase, imports, operate, attempts } = accessesOf(parts);
  addLocalGuard(server, parts.knownHosts, [read, erase, imports]);
  addMethods(server, parts);
  // Any page may send it without asking first.
  server.removeContentTypeParser("text/plain");
  serveOpenApi(server, (routes) => {
    /** Adds routes that take the keys of an access. */
    const withKeys = (access: Access, add: (server: ReportsServer) => void): void => {
      void routes.register((scope, _options, done) => {
        requireKeys(scope, access);
        add(scope);
        done();
      });
    };
    withKeys({ keys: read, attempts }, (askers) => {
      addPlaces(askers, parts.questions);
      checkZones(askers, parts.engine);
      addReportRoutes(askers, parts);
    });
    withKeys({ keys: read, attempts }, (readers) => {
      checkZones(readers, parts.engine);
      addImportedRoutes(readers, parts);
      addExportRoutes(readers, parts);
      addSettledRoute(readers, parts);
    });
    withKeys({ keys: read, operators: operate, attempts }, (all) => addLagRoute(all, parts));
    withKeys({ keys: imports, attempts }, (importers) => {
      addImportRoutes(importers, parts);
      addLedgerRoutes(importers, parts);
      addImportFileRoutes(importers, parts);
    });
    withKeys({ keys: erase, attempts }, (erasers) => addErasureRoutes(erasers, parts));
    addProbes(routes, parts);
    addMetricsRoute(routes, parts);
  });
  return server;
}

/** The keys of each right, and what locks out who tries many. */
function accessesOf(parts: ServerParts) {
  const { readKeys, storedKeys, importKeys, operateKeys, erasures, keyFailures } = parts;
  const keysOf = (kind: ApiKeyKind, keys: ReadonlyMap<string, string>, stored?: StoredKeys) =>
    new ApiKeys(kind, keys, (reason) => unauthorized(kind, reason), stored);
  return {
    read: keysOf("read", readKeys, storedKeys),
    imports: keysOf("import", importKeys.keys, importKeys.storedKeys),
    operate: keysOf("operate", operateKeys.keys, operateKeys.storedKeys),
    erase: keysOf("erase", erasures.keys, erasures.storedKeys),
    attempts: new KeyAttempts(keyFailures),
  };
}

function unauthorized(kind: ApiKeyKind, reason: string): ReportsError {
  const how =
    kind === "read"
      ? ""
      : `; TRIBUTARY_${kind.toUpperCase()}_KEYS has them, and tributary keys create --kind ${kind} makes one`;
  return new ReportsError("unauthorized", `${reason}${how}`);
}

/** What answers before any route does: a stopping service, and where there is no such route. */
function addMethods(server: FastifyInstance, parts: ServerParts): void {
  const routes = new RouteMethods();
  server.decorate("routeMethods", routes);
  server.addHook("onRoute", ({ method, url }) => routes.add(method, url));
  let stopping = false;
  server.addHook("preClose", (done) => {
    stopping = true;
    done();
  });
  const nothing = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = routes.at(request.url);
    if (allowed.length > 0) void reply.header("Allow", allowed.join(", "));
    return sendError(parts, reply, nothingAt(request, allowed));
  };
  // Before a body is read that nobody takes.
  server.addHook("onRequest", (request, reply, done) => {
    if (stopping) {
      void reply.header("Connection", "close");
      done(new ReportsError("stopping", "the service stops; ask again"));
    } else if (request.is404) void nothing(request, reply);
    else done();
  });
  server.setNotFoundHandler(nothing);
}

function addSettledRoute(server: ReportsServer, parts: ServerParts): void {
  const closing = new AbortController();
  server.addHook("preClose", (done) => {
    closing.abort();
    done();
  });
  server.get(
    "/v1/settled",
    documented({
      summary: "Waits until all that was accepted before can be reported",
      parameters: SETTLE_PARAMETERS,
      answer: settledSchema,
    }),
    async (request) => {
      const gone = new AbortController();
      request.raw.once("close", () => {
        if (request.raw.destroyed) gone.abort();
      });
      const signal = AbortSignal.any([closing.signal, gone.signal]);
      return { settled: await parts.settle(request.query.timeoutMs, signal) };
    },
  );
}

function sendError(parts: ServerParts, reply: FastifyReply, error: Error): FastifyReply {
  const known = toReportsError(error);
  if (known.code === "internal") parts.telemetry.logger.error({ err: error }, "request failed");
  const {
    retryAfterSeconds = known.status === 503 || known.code === "busy"
      ? RETRY_AFTER_SECONDS
      : undefined,
    ...details
  } = known.details;
  if (retryAfterSeconds !== undefined) {
    void reply.header("Retry-After", String(retryAfterSeconds));
  }
  if (known.status === 401) void reply.header("WWW-Authenticate", 'Bearer realm="tributary"');
  const { code, message } = known;
  return reply.code(known.status).send({ error: { code, reason: message, ...details } });
}

/** @param allowed methods that the path takes; none where it is not there */
function nothingAt(
  { method, url }: { readonly method: string; readonly url: string },
  allowed: readonly string[],
): ReportsError {
  const path = (url.split("?")[0] ?? "").slice(0, 128);
  if (allowed.length > 0) {
    return new ReportsError("method_not_allowed", `${path} takes ${allowed.join(", ")}`);
  }
  const reason = `there is nothing at ${method} ${path}; see docs/reports.md`;
  return new ReportsError("not_found", reason);
}

function toReportsError(error: Error): ReportsError {
  if (error instanceof ReportsError) return error;
  if (error instanceof WarehouseError) {
    if (error.code === "time_zone_unknown") {
      const reason = "expected a time zone that the warehouse knows, such as Europe/Berlin or UTC";
      return refusal("time_zone_unknown", "timeZone", reason, error.message);
    }
    const code: ReportsErrorCode =
      error.code === "report_too_large" ||
      error.code === "query_timeout" ||
      error.code === "unavailable"
        ? error.code
        : "internal";
    if (code !== "internal") return new ReportsError(code, error.message);
  }
  return (
    frameworkError(error) ?? new ReportsError("internal", "the service failed; the log says why")
  );
}
