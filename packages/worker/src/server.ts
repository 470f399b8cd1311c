import { answerHalfClosed, answerUnreadable } from "@tributary/service";
import {
  clientUse,
  type GroupMember,
  type RedisClient,
  redisReady,
  type ServerWatch,
} from "@tributary/streams";
import { metricsText, type Telemetry } from "@tributary/telemetry";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { MemoryBudget } from "./partition/memory-budget.ts";
import type { StateSize } from "./threads/messages.ts";
import type { WorkerMetrics } from "./metrics.ts";
import type { ThreadPool } from "./threads/pool.ts";

/** The parts of a worker that its HTTP reports on. */
export interface ServerParts {
  readonly client: RedisClient;
  readonly member: GroupMember;
  readonly threads: Pick<ThreadPool, "use">;
  /** What the partitions' tables hold. */
  readonly stateSize: () => StateSize;
  readonly memory: MemoryBudget;
  readonly telemetry: Telemetry;
  readonly metrics: WorkerMetrics;
  /** What looks at Redis' settings. */
  readonly serverWatch?: Pick<ServerWatch, "reason">;
  /** The platform's start that the service belongs to; undefined where it runs by itself. */
  readonly instanceId?: string | undefined;
}

/**
 * Health, readiness and metrics of a worker; it does not listen yet.
 * @param stallMs a partition that has entries and gets nowhere for this long is stuck, ms
 */
export function buildServer(parts: ServerParts, stallMs: number): FastifyInstance {
  const { client, member, memory, telemetry, serverWatch, instanceId: instance } = parts;
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    clientErrorHandler: answerUnreadable,
  });
  // Before a body is read that nobody takes.
  server.addHook("onRequest", (request, reply, done) => {
    if (!request.is404) return done();
    const reason = "there are GET /healthz, /readyz and /metrics";
    return void reply.code(404).send({ error: { code: "not_found", reason } });
  });
  answerHalfClosed(server.server);
  const notReadyReason = (): string | undefined => {
    if (!redisReady(client)) return "Redis is unavailable";
    if (serverWatch?.reason !== undefined) return serverWatch.reason;
    // A start anew would only take the partitions from the other, and so on in turn.
    if (member.replaced) return "another worker has the same TRIBUTARY_WORKER_ID";
    return memory.reason;
  };
  // A worker at its memory limit does what it should, and a restart would rebuild the same memory.
  const healthy = (reply: FastifyReply): FastifyReply =>
    reply.send({
      status: memory.reason === undefined ? "ok" : "memory limit reached",
      ...(memory.reason === undefined ? {} : { reason: memory.reason }),
      partitions: member.owned,
      draining: member.draining,
    });
  server.get("/healthz", async (_request, reply) => {
    // While Redis is unavailable nobody makes progress: that is readiness, and a restart would not help.
    if (!redisReady(client)) return healthy(reply);
    const stalled = member.stalledFor(stallMs);
    if (stalled.length > 0) {
      return reply.code(503).send({
        status: "unhealthy",
        reason: `no progress in partitions ${stalled.join(", ")} for ${stallMs / 1000} s`,
        stalled,
      });
    }
    // A worker that cannot renew its membership loses its partitions, and takes none.
    if (member.sinceHeartbeatMs > stallMs) {
      const seconds = Math.round(member.sinceHeartbeatMs / 1000);
      return reply
        .code(503)
        .send({ status: "unhealthy", reason: `no heartbeat for ${seconds} s`, stalled });
    }
    return healthy(reply);
  });
  server.get("/readyz", async (_request, reply) => {
    const reason = notReadyReason();
    if (reason !== undefined) {
      return reply.code(503).send({ status: "not ready", reason, instance });
    }
    return reply.send({ status: "ready", partitions: member.owned, instance });
  });
  server.get("/metrics", async (_request, reply) => {
    setMetrics(parts);
    const { contentType, body } = await metricsText(telemetry.metrics);
    return reply.type(contentType).send(body);
  });
  return server;
}

/** Sets the metrics that are read when they are asked for. */
function setMetrics({ client, member, threads, stateSize, memory, metrics }: ServerParts): void {
  const { connections, commands } = clientUse(client);
  metrics.tributary_redis_connections.set(connections);
  metrics.tributary_redis_commands.set(commands);
  for (const { thread, utilization, waiting } of threads.use()) {
    metrics.tributary_thread_utilization_ratio.set({ thread }, utilization);
    metrics.tributary_thread_tasks.set({ thread }, waiting);
  }
  metrics.tributary_partitions_owned.set(member.owned.length);
  metrics.tributary_partitions_refused.set(memory.refused.length);
  metrics.tributary_memory_limit_bytes.set(memory.limitBytes);
  metrics.tributary_memory_resident_bytes.set(memory.residentBytes);
  metrics.tributary_memory_full.set(memory.full ? 1 : 0);
  const { count, oldestMs } = member.erasures;
  metrics.tributary_erasures_waiting.set(count);
  metrics.tributary_oldest_erasure_age_seconds.set(Math.max(0, (Date.now() - oldestMs) / 1000));
  const { facts, users, bytes, vocabularyBytes } = stateSize();
  metrics.tributary_state_facts.set(facts);
  metrics.tributary_state_users.set(users);
  metrics.tributary_state_bytes.set(bytes);
  metrics.tributary_vocabulary_bytes.set(vocabularyBytes);
}
