import { ATTRIBUTION_GROUP, WAREHOUSE_GROUP } from "@tributary/protocol";
import { createMetrics, metricsText } from "@tributary/telemetry";
import { lagAnswerSchema } from "../answers/operations.ts";
import { ReportsError } from "../errors.ts";
import { ANY_PARAMETERS } from "../question/parameters.ts";
import { EngineProbe } from "./engine-probe.ts";
import { onlyTenantOf } from "./access.ts";
import { documented, OPERATE_KEY, type ReportsServer } from "./open-api.ts";
import type { LagReport, ServerParts } from "./parts.ts";

/** Most partitions with series of their own; above it only totals are shown. */
const MAX_PARTITION_SERIES = 256;

/** For probes and scrapers, which do not read the description. */
const HIDDEN = { schema: { hide: true } };

/** What operators ask. */
export function addLagRoute(server: ReportsServer, parts: ServerParts): void {
  server.get(
    "/v1/lag",
    documented({
      summary:
        "Lag of each consumer group, the books and the dead letters; a read key sees its tenant's part",
      parameters: ANY_PARAMETERS,
      answer: lagAnswerSchema,
      security: OPERATE_KEY,
    }),
    async (request) => {
      const tenant = onlyTenantOf(request);
      if (tenant === undefined) return readLag(parts);
      requireRedis(parts);
      return parts.readTenantLag(tenant);
    },
  );
}

/** What orchestrators ask: health and readiness. */
export function addProbes(server: ReportsServer, parts: ServerParts): void {
  const engine = new EngineProbe(parts.engine, parts.engineStallMs);
  // A process that answers and loads nothing is not healthy.
  server.get("/healthz", HIDDEN, async (_request, reply) => {
    const stalledMs = parts.stalledForMs();
    if (stalledMs < parts.loadStallMs) return { status: "ok" };
    const reason = `entries have waited for ${Math.round(stalledMs / 1000)} s and none was loaded`;
    return reply.code(503).send({ status: "unhealthy", reason });
  });

  server.get("/readyz", HIDDEN, async (_request, reply) => {
    const reason = await unreadyReason(parts, engine);
    const instance = parts.instanceId;
    const found = parts.findings?.() ?? {};
    // A finding is for a person: it takes nobody off the traffic.
    const findings = Object.keys(found).length === 0 ? undefined : found;
    if (reason === undefined) return { status: "ready", instance, findings };
    return reply.code(503).send({ status: "not ready", reason, instance, findings });
  });
}

/** What scrapers ask. */
export function addMetricsRoute(server: ReportsServer, parts: ServerParts): void {
  const { telemetry } = parts;
  const metrics = createMetrics(telemetry.metrics, [
    "tributary_redis_connections",
    "tributary_redis_commands",
    "tributary_warehouse_statements",
    "tributary_lag_entries",
    "tributary_oldest_event_age_seconds",
    "tributary_partition_lag_entries",
    "tributary_partition_oldest_event_age_seconds",
    "tributary_outbox_entries",
    "tributary_outbox_oldest_age_seconds",
    "tributary_drain_seconds",
    "tributary_kept_dead_letters",
    "tributary_oldest_dead_letter_age_seconds",
    "tributary_books_events",
    "tributary_books_residue_events",
  ]);

  server.get("/metrics", HIDDEN, async (_request, reply) => {
    const { connections, commands } = parts.redisUse();
    metrics.tributary_redis_connections.set(connections);
    metrics.tributary_redis_commands.set(commands);
    metrics.tributary_warehouse_statements.set(parts.engine.statements);
    // A lag that cannot be read is left out: an old figure would mislead.
    metrics.tributary_lag_entries.reset();
    metrics.tributary_oldest_event_age_seconds.reset();
    metrics.tributary_partition_lag_entries.reset();
    metrics.tributary_partition_oldest_event_age_seconds.reset();
    metrics.tributary_drain_seconds.reset();
    if (parts.redisReady()) {
      const { total, partitions, outbox, books, booksResidue, deadLetters } = await readLag(parts);
      if (partitions.length <= MAX_PARTITION_SERIES) {
        for (const { partition, warehouse, outbox: _, ...attribution } of partitions) {
          for (const [group, lag] of [
            [ATTRIBUTION_GROUP, attribution],
            [WAREHOUSE_GROUP, warehouse],
          ] as const) {
            const labels = { group, partition: String(partition) };
            metrics.tributary_partition_lag_entries.set(labels, lag.undelivered + lag.pending);
            metrics.tributary_partition_oldest_event_age_seconds.set(labels, lag.oldestAgeSeconds);
          }
        }
      }
      for (const [group, lag] of Object.entries(total)) {
        metrics.tributary_lag_entries.set({ group }, lag.entries);
        metrics.tributary_oldest_event_age_seconds.set({ group }, lag.oldestAgeSeconds);
        metrics.tributary_drain_seconds.set({ group }, lag.secondsToDrain ?? Infinity);
      }
      metrics.tributary_outbox_entries.set(outbox.entries);
      metrics.tributary_outbox_oldest_age_seconds.set(outbox.oldestAgeSeconds);
      for (const [account, events] of Object.entries(books)) {
        metrics.tributary_books_events.set({ account }, events);
      }
      metrics.tributary_books_residue_events.set(booksResidue);
      metrics.tributary_kept_dead_letters.set(deadLetters.count);
      metrics.tributary_oldest_dead_letter_age_seconds.set(deadLetters.oldestAgeSeconds);
    }
    const { contentType, body } = await metricsText(telemetry.metrics);
    return reply.type(contentType).send(body);
  });
}

async function readLag(parts: ServerParts): Promise<LagReport> {
  requireRedis(parts);
  return parts.readLag();
}

/** @throws ReportsError `unavailable` */
function requireRedis(parts: ServerParts): void {
  if (!parts.redisReady()) throw new ReportsError("unavailable", "Redis does not answer");
}

async function unreadyReason(parts: ServerParts, engine: EngineProbe): Promise<string | undefined> {
  if (!parts.redisReady()) return "Redis does not answer";
  const streams = await parts.streamsReason?.().catch(() => "Redis does not answer");
  if (streams !== undefined) return streams;
  return engine.unreadyReason();
}
