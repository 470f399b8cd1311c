import { type GroupMember, type RedisClient, redisReady } from "@tributary/streams";
import { metricsText, type Telemetry } from "@tributary/telemetry";
import Fastify, { type FastifyInstance } from "fastify";
import type { WorkerMetrics } from "./metrics.ts";

/** A partition that makes no progress for this long, while it has work or waits for it, is stuck, ms. */
const STALLED_MS = 15_000;

/** Health, readiness and metrics of a worker; it does not listen yet. */
export function buildServer(
  client: RedisClient,
  member: GroupMember,
  telemetry: Telemetry,
  metrics: WorkerMetrics,
): FastifyInstance {
  const server = Fastify({ logger: false, forceCloseConnections: true });
  server.get("/healthz", async (_request, reply) => {
    // While Redis is away nobody makes progress: that is readiness, and a restart would not help.
    const stalled = redisReady(client) ? member.stalledFor(STALLED_MS) : [];
    if (stalled.length === 0) return reply.send({ status: "ok", partitions: member.owned });
    return reply.code(503).send({
      status: "unhealthy",
      reason: `no progress in partitions ${stalled.join(", ")} for ${STALLED_MS / 1000} s`,
    });
  });
  server.get("/readyz", async (_request, reply) => {
    const ready = redisReady(client);
    return reply
      .code(ready ? 200 : 503)
      .send(
        ready
          ? { status: "ready", partitions: member.owned }
          : { status: "not ready", reason: "Redis is away" },
      );
  });
  server.get("/metrics", async (_request, reply) => {
    metrics.tributary_partitions_owned.set(member.owned.length);
    const { contentType, body } = await metricsText(telemetry.metrics);
    return reply.type(contentType).send(body);
  });
  return server;
}
