import { answerHalfClosed, ApiKeys } from "@tributary/service";
import { WarehouseError } from "@tributary/warehouse";
import { createMetrics } from "@tributary/telemetry";
import { z } from "zod";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { settledSchema } from "../answers/operations.ts";
import { ReportsError, type ReportsErrorCode } from "../errors.ts";
import { documented, serveOpenApi, type ReportsServer } from "./open-api.ts";
import { addLagRoute, addMetricsRoute, addProbes } from "./operation-routes.ts";
import { refusals, wholeBetween } from "../question/parameters.ts";
import { requireKeys } from "./access.ts";
import { frameworkError } from "./body-errors.ts";
import { addErasureRoutes } from "./erasure-routes.ts";
import { addExportRoutes } from "./export-routes.ts";
import { addImportRoutes } from "./import-routes.ts";
import { addLedgerRoutes } from "./ledger-routes.ts";
import { addLocalGuard } from "./local-guard.ts";
import type { ServerParts } from "./parts.ts";
import { addReportRoutes } from "./report-routes.ts";

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
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    // A path that cannot be decoded.
    frameworkErrors: (_error, request, reply) => {
      void sendError(parts, reply, nothingAt(request));
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
  server.setNotFoundHandler((request, reply) => sendError(parts, reply, nothingAt(request)));
  const access = new ApiKeys(
    "read",
    parts.readKeys,
    (reason) => new ReportsError("unauthorized", reason),
    parts.storedKeys,
  );
  const eraseAccess = new ApiKeys(
    "erase",
    parts.erasures.keys,
    (reason) =>
      new ReportsError(
        "unauthorized",
        `${reason}; TRIBUTARY_ERASE_KEYS has them, and tributary keys create --kind erase makes one`,
      ),
    parts.erasures.storedKeys,
  );
  addLocalGuard(server, parts.knownHosts, [access, eraseAccess]);
  // Any page may send it without asking first.
  server.removeContentTypeParser("text/plain");
  serveOpenApi(server, (routes) => {
    void routes.register((readers, _options, done) => {
      requireKeys(readers, access);
      addReportRoutes(readers, parts);
      addImportRoutes(readers, parts);
      addLedgerRoutes(readers, parts);
      addExportRoutes(readers, parts);
      addSettledRoute(readers, parts);
      addLagRoute(readers, parts);
      done();
    });
    void routes.register((erasers, _options, done) => {
      requireKeys(erasers, eraseAccess);
      addErasureRoutes(erasers, parts);
      done();
    });
    addProbes(routes, parts);
    addMetricsRoute(routes, parts);
  });
  return server;
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
  if (known.status === 503) void reply.header("Retry-After", String(RETRY_AFTER_SECONDS));
  if (known.status === 401) void reply.header("WWW-Authenticate", 'Bearer realm="tributary"');
  const { code, message, details } = known;
  return reply.code(known.status).send({ error: { code, reason: message, ...details } });
}

function nothingAt({ method, url }: { readonly method: string; readonly url: string }) {
  const path = (url.split("?")[0] ?? "").slice(0, 128);
  const reason = `there is nothing at ${method} ${path}; see docs/reports.md`;
  return new ReportsError("not_found", reason);
}

function toReportsError(error: Error): ReportsError {
  if (error instanceof ReportsError) return error;
  if (error instanceof WarehouseError) {
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
