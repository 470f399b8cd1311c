import { WEBHOOKS_GROUP } from "@tributary/protocol";
import { answerHalfClosed, answerUnreadable } from "@tributary/service";
import {
  clientUse,
  readGroupLag,
  type RedisClient,
  redisReady,
  type ServerWatch,
} from "@tributary/streams";
import { metricsText, type Telemetry } from "@tributary/telemetry";
import Fastify, { type FastifyInstance } from "fastify";
import type { WebhookMetrics } from "./metrics.ts";
import type { QueueSize } from "./queue/delivery-queue.ts";
import type { WebhooksService } from "./service.ts";

/** The parts that the service's HTTP reports on. */
export interface ServerParts {
  readonly client: RedisClient;
  readonly service: WebhooksService;
  readonly partitions: number;
  readonly telemetry: Telemetry;
  readonly metrics: WebhookMetrics;
  /** What looks at Redis' settings. */
  readonly serverWatch?: Pick<ServerWatch, "reason">;
  /** The platform's start that the service belongs to; undefined where it runs by itself. */
  readonly instanceId?: string | undefined;
}

/**
 * Health, readiness and metrics; it does not listen yet.
 * @param stallMs the service is stuck when it had something to do and did nothing for this long, ms
 */
export function buildServer(parts: ServerParts, stallMs: number): FastifyInstance {
  const { client, service, telemetry, instanceId: instance } = parts;
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
  server.get("/healthz", async (_request, reply) => {
    const stalledMs = service.stalledForMs();
    // While Redis is unavailable nobody makes progress: that is readiness, and a restart would not help.
    if (!redisReady(client) || stalledMs < stallMs) return { status: "ok", sends: service.sends };
    const reason = `there was something to do for ${Math.round(stalledMs / 1000)} s and nothing was done`;
    return reply.code(503).send({ status: "unhealthy", reason });
  });
  server.get("/readyz", async (_request, reply) => {
    const reason = await unreadyReason(parts);
    if (reason === undefined) return { status: "ready", sends: service.sends, instance };
    return reply.code(503).send({ status: "not ready", reason, instance });
  });
  server.get("/metrics", async (_request, reply) => {
    await setMetrics(parts);
    const { contentType, body } = await metricsText(telemetry.metrics);
    return reply.type(contentType).send(body);
  });
  return server;
}

async function unreadyReason(parts: ServerParts): Promise<string | undefined> {
  const { client, partitions, serverWatch } = parts;
  if (!redisReady(client)) return "Redis is unavailable";
  if (serverWatch?.reason !== undefined) return serverWatch.reason;
  let strandedPartitions: number;
  try {
    ({ strandedPartitions } = await readGroupLag(client, WEBHOOKS_GROUP, "results", partitions));
  } catch {
    return "Redis does not answer"; // which is all that a reader of a probe can use
  }
  if (strandedPartitions === 0) return undefined;
  return `results of ${strandedPartitions} partitions wait that the group ${WEBHOOKS_GROUP} is not given: it is lost, or was set past them`;
}

async function setMetrics({ client, service, partitions, metrics }: ServerParts): Promise<void> {
  const { connections, commands } = clientUse(client);
  metrics.tributary_redis_connections.set(connections);
  metrics.tributary_redis_commands.set(commands);
  metrics.tributary_webhook_sending.set(service.sends ? 1 : 0);
  // A lag that cannot be read is absent: an old figure would look like progress.
  metrics.tributary_lag_entries.reset();
  metrics.tributary_oldest_event_age_seconds.reset();
  if (!service.sends) {
    // The process that sends exports them: sums over processes would count them twice.
    metrics.tributary_webhook_waiting_deliveries.set(0);
    metrics.tributary_webhook_waiting_bytes.set(0);
    metrics.tributary_webhook_oldest_waiting_age_seconds.set(0);
    metrics.tributary_webhook_dead_deliveries.set(0);
    metrics.tributary_webhook_oldest_dead_age_seconds.set(0);
  }
  if (!redisReady(client) || !service.sends) return;
  const sizes = await Promise.all([...service.queues.values()].map(async (queue) => queue.size()));
  const sum = (of: (size: QueueSize) => number): number =>
    sizes.reduce((total, size) => total + of(size), 0);
  const most = (of: (size: QueueSize) => number): number => Math.max(0, ...sizes.map(of));
  metrics.tributary_webhook_waiting_deliveries.set(sum((size) => size.waiting));
  metrics.tributary_webhook_waiting_bytes.set(sum((size) => size.waitingBytes));
  metrics.tributary_webhook_oldest_waiting_age_seconds.set(
    most((size) => size.oldestWaitingAgeSeconds),
  );
  metrics.tributary_webhook_dead_deliveries.set(sum((size) => size.dead));
  metrics.tributary_webhook_oldest_dead_age_seconds.set(most((size) => size.oldestDeadAgeSeconds));
  const lag = await readGroupLag(client, WEBHOOKS_GROUP, "results", partitions);
  const group = WEBHOOKS_GROUP;
  metrics.tributary_lag_entries.set({ group }, lag.undelivered + lag.pending);
  metrics.tributary_oldest_event_age_seconds.set({ group }, lag.oldestAgeSeconds);
}
