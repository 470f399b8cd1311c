import { createMetrics, type Telemetry } from "@tributary/telemetry";

/** Names of the gateway's metrics. */
const METRIC_NAMES = [
  "tributary_http_requests_total",
  "tributary_http_request_seconds",
  "tributary_redis_connections",
  "tributary_redis_commands",
  "tributary_events_accepted_total",
  "tributary_events_refused_total",
  "tributary_segment_omitted_fields_total",
  "tributary_link_events_total",
  "tributary_stray_links_total",
  "tributary_bot_events_total",
  "tributary_spool_batches_total",
  "tributary_spool_bytes",
  "tributary_spool_oldest_age_seconds",
  "tributary_spool_damaged_bytes",
  "tributary_spool_refused_events_total",
  "tributary_publish_seconds",
  "tributary_publish_entries_total",
  "tributary_publish_bytes_total",
  "tributary_publish_failures_total",
  "tributary_publish_unreplicated_entries_total",
  "tributary_backlog_bytes",
  "tributary_backlog_limit_bytes",
  "tributary_breaker_open",
] as const;

/** The gateway's metrics, registered. */
export function createGatewayMetrics(telemetry: Telemetry) {
  return createMetrics(telemetry.metrics, METRIC_NAMES);
}

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;
