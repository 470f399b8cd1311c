import { type GroupMember, type RedisClient, redisReady } from "@tributary/streams";
import { metricsText, type Telemetry } from "@tributary/telemetry";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { WorkerMetrics } from "./metrics.ts";

/**
 * Health, readiness and metrics of a worker; it does not listen yet.
 * @param stallMs a partition that has entries and gets nowhere for this long is stuck, ms
 */
export function buildServer(
  client: RedisClient,
  member: GroupMember,
  telemetry: Telemetry,
  metrics: WorkerMetrics,
  stallMs: number,
): FastifyInstance {
  const server = Fastify({ logger: false, forceCloseConnections: true });
  const healthy = (reply: FastifyReply): FastifyReply =>
    reply.send({ status: "ok", partitions: member.owned, draining: member.draining });
  server.get("/healthz", async (_request, reply) => {
    // While Redis is away nobody makes progress: that is readiness, and a restart would not help.
    if (!redisReady(client)) return healthy(reply);
    const stalled = member.stalledFor(stallMs);
    if (stalled.length > 0) {
      return reply.code(503).send({
        status: "unhealthy",
        reason: `no progress in partitions ${stalled.join(", ")} for ${stallMs / 1000} s`,
        stalled,
      });
    }
    // A worker that cannot tell the group that it lives loses its partitions, and takes none.
    if (member.sinceHeartbeatMs > stallMs) {
      const seconds = Math.round(member.sinceHeartbeatMs / 1000);
      return reply
        .code(503)
        .send({ status: "unhealthy", reason: `no heartbeat for ${seconds} s`, stalled });
    }
    return healthy(reply);
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
