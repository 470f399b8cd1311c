import { performance } from "node:perf_hooks";
import { clientUse, redisReady } from "@tributary/streams";
import { metricsText } from "@tributary/telemetry";
import type { FastifyInstance } from "fastify";
import type { GatewayMetrics } from "../metrics.ts";
import type { ServerParts } from "../parts.ts";

/** A flush that takes longer while Redis answers makes the gateway unhealthy. */
const STUCK_MS = 10_000;

/** What operators and orchestrators ask: health, readiness, metrics. */
export function addOperationRoutes(
  server: FastifyInstance,
  parts: ServerParts,
  metrics: GatewayMetrics,
): void {
  const { client, publisher, backlog, telemetry, spool, serverWatch } = parts;
  const instance = parts.config.instanceId;
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
    const answers = redisReady(client) && !publisher.breakerOpen;
    const reason = answers ? serverWatch?.reason : "Redis is unavailable";
    return reply
      .code(reason === undefined ? 200 : 503)
      .send(
        reason === undefined
          ? { status: "ready", instance }
          : { status: "not ready", reason, instance },
      );
  });
  server.get("/metrics", async (_request, reply) => {
    const { connections, commands } = clientUse(client);
    metrics.tributary_redis_connections.set(connections);
    metrics.tributary_redis_commands.set(commands);
    metrics.tributary_backlog_bytes.set({ group: "attribution" }, backlog.workersBytes);
    metrics.tributary_backlog_bytes.set({ group: "warehouse" }, backlog.warehouseBytes);
    metrics.tributary_backlog_limit_bytes.set(backlog.limitBytes);
    metrics.tributary_breaker_open.set(publisher.breakerOpen ? 1 : 0);
    if (spool !== undefined) {
      metrics.tributary_spool_bytes.set(spool.bytes);
      metrics.tributary_spool_oldest_age_seconds.set(spool.ageSeconds(Date.now()));
      metrics.tributary_spool_damaged_bytes.set(spool.damagedBytes);
    }
    const { contentType, body } = await metricsText(telemetry.metrics);
    return reply.type(contentType).send(body);
  });
}
